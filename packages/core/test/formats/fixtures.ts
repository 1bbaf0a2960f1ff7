import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { StateDict } from '../../src/index.js';

/** What tools/weights/torch/fixtures.py and fixtures_objects.py wrote. */
export const fixturePath = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
export const fixture = (name: string): Uint8Array => new Uint8Array(readFileSync(fixturePath(name)));

interface Listed {
  shape: number[];
  dtype: string;
  values: string[];
}

const NUMBERS: Readonly<Record<string, number>> = { inf: Infinity, '-inf': -Infinity, nan: NaN };
const number = (text: string): number => NUMBERS[text] ?? Number(text);

/** The values that Python listed, as the types that readers give. */
export function expectState(state: StateDict, name: string): void {
  const listed = JSON.parse(readFileSync(fixturePath(`${name}.json`), 'utf8')) as Record<string, Listed>;
  expect([...state.keys()].sort()).toEqual(Object.keys(listed).sort());
  for (const [key, { shape, dtype, values }] of Object.entries(listed)) {
    const tensor = state.get(key)!;
    expect(tensor.shape, key).toEqual(shape);
    expect(tensor.dtype, key).toBe(/float16$|^float8/.test(dtype) ? 'float32' : dtype);
    const expected = /^u?int64$/.test(dtype) ? values.map(BigInt) : values.map(number);
    expect([...(tensor.data as Iterable<number | bigint>)], key).toEqual(expected);
  }
}
