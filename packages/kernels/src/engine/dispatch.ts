import type { Engine } from './engine.js';

/** Part of an engine that ops limited by memory bandwidth need. tfjs' own heap offers it too. */
export type Workspace = Pick<Engine, 'threads' | 'alloc' | 'put' | 'get' | 'view' | 'dispatch' | 'reset'>;

/** Tasks a thread: enough that one delayed thread does not keep the others waiting for long. */
const TASKS_PER_THREAD = 4;

/** Returns the number of rows a task, at least `least`, so that all threads have enough tasks. */
export const rowsPerTask = (rows: number, threads: number, least = 1): number =>
  Math.max(least, Math.ceil(rows / (threads * TASKS_PER_THREAD)));

/** Enum of `assembly/` that names the words of a descriptor. */
type FieldNames = Readonly<Record<string, string | number>>;

/** Returns the words of a descriptor from values by name. */
export function fields<Enum extends FieldNames>(
  names: Enum,
  values: { readonly [Name in Exclude<keyof Enum, number>]: number | boolean },
): number[] {
  const words: number[] = [];
  for (const [name, value] of Object.entries(values)) words[names[name] as number] = Number(value);
  return words;
}

const bits = new DataView(new ArrayBuffer(4));

/** Returns the bits of a float32 as a descriptor word, which `float` in `assembly/` reads back. */
export function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}
