import { CnnzooError } from '../../errors.js';
import { numel } from '../../shape.js';
import { describe, Global, type PickleHandlers, type Value } from './pickle.js';
import type { StoredName } from './stored.js';

/** A run of values in the file. */
export interface StorageRef {
  readonly key: string;
  readonly stored: StoredName;
  /** Number of values in the whole storage. */
  readonly count: number;
  /** Values of the storage before this view of it begins. */
  readonly start: number;
}

/** A tensor as a view of a storage; sizes and strides in values. */
export class TensorRef {
  constructor(
    readonly storage: StorageRef,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

const STORAGES: Readonly<Record<string, StoredName>> = {
  'torch.FloatStorage': 'F32',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.DoubleStorage': 'F64',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

/** More values than a typed array holds, whatever a pickle says. */
const MAX_VALUES = 2 ** 31;

const isCount = (value: Value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** More axes than torch's own operations take. */
const MAX_RANK = 64;

const isCounts = (value: Value): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);

export interface TorchHandlers extends PickleHandlers {
  /** Every storage that the pickle has named so far, by its key. */
  readonly storages: ReadonlyMap<string, StorageRef>;
}

/** The globals of a state dict, as torch's own weights-only reader allows them. */
export function torchHandlers(name: string): TorchHandlers {
  const damaged = (what: string): CnnzooError =>
    new CnnzooError('FORMAT', `'${name}' holds a damaged pickle: ${what}. Fetch the file again.`);
  const storages = new Map<string, StorageRef>();
  /** Lists of pairs that became a dict. None does so twice, or a small file could make dicts without end. */
  const spent = new WeakSet<readonly Value[]>();

  const rebuildTensor = (args: readonly Value[]): TensorRef => {
    const [storage, offset, shape, strides, , , flags] = args;
    if (flags instanceof Map && flags.size > 0)
      throw new CnnzooError(
        'FORMAT',
        `'${name}' holds a tensor that torch negates or conjugates when it is used: expected plain values. ` +
          'Save what tensor.resolve_neg().resolve_conj() gives.',
      );
    if (!isStorageRef(storage) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
      throw damaged('a tensor without a storage, offset, size or stride');
    const values = numel(shape);
    const last = shape.reduce((sum, n, i) => sum + (n - 1) * (strides[i] ?? Number.NaN), storage.start + offset);
    if (shape.length !== strides.length || values > MAX_VALUES || (values > 0 && !(last < storage.count)))
      throw damaged(
        `a tensor [${shape}] with strides [${strides}] does not fit its storage of ${storage.count} values`,
      );
    return new TensorRef(storage, offset, shape, strides);
  };

  const functions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
    'collections.OrderedDict': ([pairs = []]) => {
      if (!Array.isArray(pairs) || spent.has(pairs) || !pairs.every((p) => Array.isArray(p) && p.length === 2))
        throw damaged('an OrderedDict of no pairs');
      spent.add(pairs);
      return new Map(pairs as [Value, Value][]);
    },
    'torch.Size': ([size]) => {
      if (!isCounts(size)) throw damaged('a torch.Size of no sizes');
      return size;
    },
    'torch._utils._rebuild_tensor': rebuildTensor,
    'torch._utils._rebuild_tensor_v2': rebuildTensor,
    'torch._utils._rebuild_parameter': ([data]) => {
      if (!(data instanceof TensorRef)) throw damaged('a parameter that is no tensor');
      return data;
    },
  };

  return {
    storages,
    allows: (global) => Object.hasOwn(functions, global) || Object.hasOwn(STORAGES, global),
    call: (global, args) => {
      if (!Object.hasOwn(functions, global)) throw damaged(`a call of ${global}`);
      return functions[global]!(args);
    },
    persistent: (id) => {
      const [kind, type, key, , count, view] = Array.isArray(id) ? id : [];
      const stored = type instanceof Global && Object.hasOwn(STORAGES, type.name) ? STORAGES[type.name] : undefined;
      if (kind !== 'storage' || !stored || typeof key !== 'string' || !isCount(count))
        throw damaged('a persistent id that is no storage');
      const start = Array.isArray(view) ? view[1] : 0;
      if (!isCount(start)) throw damaged('a view of a storage without an offset');
      const { stored: known = stored, count: whole = count } = storages.get(key) ?? {};
      if (known !== stored || whole !== count) throw damaged(`storage ${describe(key)} in two types or sizes`);
      const storage: StorageRef = { key, stored, count, start };
      storages.set(key, storage);
      return storage;
    },
  };
}

const isStorageRef = (value: Value): value is StorageRef =>
  typeof value === 'object' && value !== null && 'stored' in value && 'key' in value;

/** What training scripts wrap a state dict in. */
const WRAPPERS = ['state_dict', 'model', 'model_state_dict'];

const holdsTensors = (value: Value): value is Map<Value, Value> =>
  value instanceof Map && value.size > 0 && [...value.values()].every((entry) => entry instanceof TensorRef);

/** The state dict that a file's pickle is, or that it wraps. */
export function findStateDict(value: Value, name: string): Map<string, TensorRef> {
  const wrapped = value instanceof Map ? WRAPPERS.map((key) => value.get(key)).filter(holdsTensors) : [];
  const found = holdsTensors(value) || (value instanceof Map && value.size === 0) ? value : wrapped[0];
  if (!found || wrapped.length > 1) {
    const keys =
      value instanceof Map ? `a dict of ${[...value.keys()].slice(0, 20).map(describe).join(', ')}` : 'no dict';
    throw new CnnzooError(
      'FORMAT',
      `'${name}': expected a state dict (names to tensors), or one under ${WRAPPERS.join(', ')}; received ${keys}.`,
    );
  }
  const tensors = new Map<string, TensorRef>();
  for (const [key, tensor] of found) {
    if (typeof key !== 'string')
      throw new CnnzooError('FORMAT', `'${name}': expected names as keys, received ${describe(key)}.`);
    tensors.set(key, tensor as TensorRef);
  }
  return tensors;
}
