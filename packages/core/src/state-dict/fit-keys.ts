import type { LazyTensor, TensorFile } from '../checkpoint/index.js';
import { at, isUnder } from '../layers/index.js';
import { numel } from '../util/index.js';
import { isIgnored } from './faults.js';

/** Shapes of a net's tensors in PyTorch's layout, by state_dict key. */
export type Wanted = ReadonlyMap<string, readonly number[]>;

/** Changes that made the keys of a checkpoint those of a net. */
export interface KeyChanges {
  /** Prefixes that were removed from all keys, outermost first, e.g. ['module.', 'model.']. */
  readonly prefixes: readonly string[];
  /** Paths of modules in the checkpoint -> in the net, if they differ, e.g. { linear: 'fc' }. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** Report of loading a checkpoint into a net. */
export interface LoadedStateDict extends KeyChanges {
  /** Path or URL of the checkpoint, else 'the bytes', 'the blob' or 'a state dict'. */
  readonly source: string;
  /** Format of the checkpoint; 'memory' for a state dict. */
  readonly format: TensorFile['format'];
  /** Path of the state dict in the checkpoint, e.g. 'state_dict'; null if the checkpoint is the state dict itself. */
  readonly key: string | null;
  /** Entries of the checkpoint that the net lacks: tensors, and entries beside the state dict. */
  readonly ignored: readonly string[];
}

/** A checkpoint under the keys of a net. */
export interface FittedKeys extends KeyChanges {
  /** Tensors under the net's keys, or under the checkpoint's if they do not fit. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** Prefixes that were kept, though each has a whole net under it: there are several, or other keys beside it. */
  readonly nets: readonly string[];
}

/** Differences between a checkpoint and a net that `fitKeys` allows. */
export interface FitOptions {
  /** state_dict path of the head, which checkpoints name variously; undefined if the net has none. */
  readonly head: string | undefined;
  /** Paths in the net that the checkpoint need not have. */
  readonly auxiliary?: readonly string[];
  /** Prefixes of keys that the checkpoint may have and the net need not. */
  readonly mayDrop?: readonly string[];
}

type Tensors = ReadonlyMap<string, LazyTensor>;

/** Segments of keys that PyTorch's wrappers add: data parallel, compiled, sharded and checkpointed modules. */
const WRAPPERS = ['module', '_orig_mod', '_fsdp_wrapped_module', '_checkpoint_wrapped_module'];

/** Returns true for counters of a training: batches, and the models in an AveragedModel of PyTorch. */
const isCounter = (key: string): boolean => isIgnored(key) || key === 'n_averaged';

const isUnderAny = (paths: readonly string[], key: string): boolean => paths.some((path) => isUnder(path, key));

/** Removes the wrappers' segments from the keys; undefined if two keys would then be the same. */
function unwrapped(tensors: Tensors): { tensors: Tensors; prefixes: string[] } | undefined {
  const parts = [...tensors].map(([key, lazy]) => [key.split('.'), lazy] as const);
  const bare = new Map(parts.map(([key, lazy]) => [key.filter((part) => !WRAPPERS.includes(part)).join('.'), lazy]));
  const found = WRAPPERS.filter((wrapper) => parts.some(([key]) => key.includes(wrapper)));
  return bare.size === tensors.size ? { tensors: bare, prefixes: found.map((part) => `${part}.`) } : undefined;
}

/** Returns the prefixes under which the tensors have all of `keys`. */
function prefixesOf(tensors: Tensors, keys: readonly string[]): string[] {
  const [first] = keys;
  if (first === undefined) return [''];
  return [...tensors.keys()]
    .filter((key) => key === first || key.endsWith(`.${first}`))
    .map((key) => key.slice(0, -first.length))
    .filter((prefix) => keys.every((key) => tensors.has(prefix + key)));
}

/** Returns the path of the module that has all of `keys`; '' if there is none. */
function moduleOf(keys: readonly string[]): string {
  const paths = new Set(keys.map((key) => key.slice(0, Math.max(0, key.lastIndexOf('.')))));
  return paths.size === 1 ? [...paths][0]! : '';
}

/** Returns the path of the net's head under another name: the only spare module, with tensors of the head's shapes. */
function headAmong(spare: Tensors, wanted: Wanted, head: string): string | undefined {
  const expected = [...wanted].filter(([key]) => isUnder(head, key));
  const path = moduleOf([...spare.keys()]);
  const fits = expected.every(([key, shape]) => {
    const received = spare.get(path + key.slice(head.length))?.shape;
    // The number of classes may be another.
    return received?.length === shape.length && received.slice(1).join() === shape.slice(1).join();
  });
  return path !== '' && expected.length === spare.size && fits ? path : undefined;
}

/** Removes a prefix and renames the head; no `tensors` if that does not make the keys fit. */
function fitted(tensors: Tensors, wanted: Wanted, { head, auxiliary = [], mayDrop = [] }: FitOptions) {
  const isHead = (key: string): boolean => head !== undefined && isUnder(head, key);
  const body = [...wanted.keys()].filter((key) => !isHead(key) && !isUnderAny(auxiliary, key));
  const nets = prefixesOf(tensors, body);
  const prefix = nets.includes('') ? '' : nets[0];
  if (prefix === undefined || (prefix !== '' && nets.length > 1)) return { nets };
  const beside = [...tensors.keys()].filter((key) => !key.startsWith(prefix));
  const bare = new Map(
    [...tensors].map(([key, lazy]) => [beside.includes(key) ? key : key.slice(prefix.length), lazy]),
  );
  const isSpare = (key: string): boolean =>
    !wanted.has(key) && !isUnderAny(auxiliary, key) && !mayDrop.some((start) => key.startsWith(start));
  const spare = new Map([...bare].filter(([key]) => isSpare(key)));
  const hasOwn = [...wanted.keys()].some((key) => isHead(key) && bare.has(key));
  const named = head === undefined || hasOwn ? undefined : headAmong(spare, wanted, head);
  const rename = (key: string): string =>
    named !== undefined && isUnder(named, key) ? at(head!, key.slice(named.length + 1)) : key;
  // Beside the keys under the prefix, only the head is allowed.
  if (bare.size < tensors.size || !beside.every((key) => isHead(rename(key)))) return { nets };
  return {
    nets: nets.filter((each) => each !== prefix),
    tensors: new Map([...bare].map(([key, lazy]) => [rename(key), lazy])),
    prefixes: prefix
      .split('.')
      .slice(0, -1)
      .map((part) => `${part}.`),
    renamed: named === undefined ? {} : { [named]: head! },
  };
}

/**
 * Makes the keys of a checkpoint a net's: removes the prefix that all of them have and the segments of PyTorch's wrappers,
 * and gives the head the net's name. If the rest does not fit, all keys stay as they are.
 */
export function fitKeys(
  { tensors: all }: Pick<TensorFile, 'tensors'>,
  wanted: Wanted,
  options: FitOptions,
): FittedKeys {
  const tensors = new Map([...all].filter(([key]) => !isCounter(key)));
  const plain = fitted(tensors, wanted, options);
  if (plain.tensors) return plain;
  const bare = unwrapped(tensors);
  const second = bare && fitted(bare.tensors, wanted, options);
  if (second?.tensors) return { ...second, prefixes: [...bare!.prefixes, ...second.prefixes] };
  return { tensors, prefixes: [], renamed: {}, nets: [...new Set([...plain.nets, ...(second?.nets ?? [])])] };
}

/**
 * Renames the keys of a checkpoint that lie under one of the paths of `renamed`. A linear layer that is stored as a
 * convolution over its whole input, [out, in, h, w], becomes a matrix, [out, in * h * w]: the same values in the same order.
 */
export function renameTensors(file: TensorFile, renamed: Readonly<Record<string, string>>): TensorFile {
  const tensors = new Map(
    [...file.tensors].map(([key, lazy]): [string, LazyTensor] => {
      const prefix = Object.keys(renamed).find((candidate) => isUnder(candidate, key));
      return prefix === undefined
        ? [key, lazy]
        : [at(renamed[prefix]!, key.slice(prefix.length + 1)), lazy.shape.length === 4 ? asMatrix(lazy) : lazy];
    }),
  );
  return { ...file, tensors, close: () => file.close() };
}

function asMatrix({ shape: kernel, dtype, stored, read }: LazyTensor): LazyTensor {
  const shape = [kernel[0]!, numel(kernel.slice(1))];
  // Without readTransposed: in tfjs' layout a kernel's values have another order than a matrix'.
  return { shape, dtype, stored, read: async (into) => ({ ...(await read(into)), shape }) };
}
