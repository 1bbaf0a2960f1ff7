import { CnnzooError, isMap, numel } from '../../util/index.js';
import type { StoredName } from '../dtypes.js';
import { describe, Global, Inert, type PickleHandlers, type Value } from './pickle.js';

/** A type of PyTorch's. */
export interface TorchType {
  /** As in Python, without 'torch.': 'float32'. */
  readonly name: string;
  /** Bytes of one value in a storage. */
  readonly bytes: number;
  /** How its values are read; undefined for types that no tensor here can have. */
  readonly stored?: StoredName;
}

const type = (name: string, bytes: number, stored?: StoredName): TorchType => ({
  name,
  bytes,
  ...(stored !== undefined && { stored }),
});

/** Types that have a storage class, by the class' name. */
const STORAGES: Readonly<Record<string, TorchType>> = {
  DoubleStorage: type('float64', 8, 'F64'),
  FloatStorage: type('float32', 4, 'F32'),
  HalfStorage: type('float16', 2, 'F16'),
  BFloat16Storage: type('bfloat16', 2, 'BF16'),
  LongStorage: type('int64', 8, 'I64'),
  IntStorage: type('int32', 4, 'I32'),
  ShortStorage: type('int16', 2, 'I16'),
  CharStorage: type('int8', 1, 'I8'),
  ByteStorage: type('uint8', 1, 'U8'),
  BoolStorage: type('bool', 1, 'BOOL'),
  ComplexFloatStorage: type('complex64', 8),
  ComplexDoubleStorage: type('complex128', 16),
  QInt8Storage: type('qint8', 1),
  QInt32Storage: type('qint32', 4),
  QUInt8Storage: type('quint8', 1),
  QUInt4x2Storage: type('quint4x2', 1),
  QUInt2x4Storage: type('quint2x4', 1),
};

/** Types of tensors in a storage without a type. */
const UNTYPED = [
  type('uint64', 8, 'U64'),
  type('uint32', 4, 'U32'),
  type('uint16', 2, 'U16'),
  type('float8_e4m3fn', 1, 'F8_E4M3'),
  type('float8_e5m2', 1, 'F8_E5M2'),
  type('float8_e4m3fnuz', 1, 'F8_E4M3FNUZ'),
  type('float8_e5m2fnuz', 1, 'F8_E5M2FNUZ'),
  type('float8_e8m0fnu', 1, 'F8_E8M0'),
  type('float4_e2m1fn_x2', 1),
  type('complex32', 4),
  type('bits8', 1),
  type('bits16', 2),
  type('bits1x8', 1),
  type('bits2x4', 1),
  type('bits4x2', 1),
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((bits) => [type(`int${bits}`, 1), type(`uint${bits}`, 1)]),
];

/** A storage without a type holds bytes. */
const BYTES = type('bytes', 1);

const DTYPES: ReadonlyMap<string, TorchType> = new Map(
  [...Object.values(STORAGES), ...UNTYPED].map((each) => [`torch.${each.name}`, each]),
);

/** The dtype of a name such as 'torch.uint16'; undefined for other names. */
export const dtypeOf = (name: string): TorchType | undefined => DTYPES.get(name);

/** The type of values in a storage of the class `name`, of any device; undefined for what is no storage class. */
function storageTypeOf(name: string): TorchType | undefined {
  if (/^torch\.(storage\.)?_?UntypedStorage$/.test(name)) return BYTES;
  const [, storage = ''] = /^torch\.(?:cuda\.)?(\w+)$/.exec(name) ?? [];
  return Object.hasOwn(STORAGES, storage) ? STORAGES[storage] : undefined;
}

/** A run of values in a checkpoint. */
export class StorageRef {
  /**
   * @param count values in the whole storage.
   * @param start values of the storage before this view of it begins.
   */
  constructor(
    readonly key: string,
    readonly type: TorchType,
    readonly count: number,
    readonly start: number,
  ) {}
}

/** A tensor as a view of a storage. */
export interface TensorView {
  readonly storage: StorageRef;
  readonly stored: StoredName;
  /** Bytes of the storage before the first value. */
  readonly begin: number;
  readonly shape: readonly number[];
  /** In values. */
  readonly strides: readonly number[];
}

/** A tensor whose values can be read. PyTorch's oldest files make it first and say then of what it is a view. */
export class TensorRef {
  constructor(public view: TensorView) {}
}

/** A tensor whose values can't be read. */
export class UnreadableTensor {
  /**
   * @param what it is: 'a sparse tensor', 'complex64'.
   * @param instead what to save in its place, in Python, of a tensor `t`.
   */
  constructor(
    readonly what: string,
    readonly instead: string,
  ) {}
}

export const isTensor = (value: unknown): value is TensorRef | UnreadableTensor =>
  value instanceof TensorRef || value instanceof UnreadableTensor;

/** More values than a typed array holds, whatever a pickle says. */
const MAX_VALUES = 2 ** 31;

const isCount = (value: Value): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** More axes than torch's own operations take. */
const MAX_RANK = 64;

const isCounts = (value: Value): value is number[] =>
  Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);

/** Classes whose objects say nothing about tensors: torch's own reader allows them too. */
const KNOWN = new Set([
  ...[
    'set',
    'frozenset',
    'bytearray',
    'complex',
    'bytes',
    'list',
    'tuple',
    'int',
    'float',
    'str',
    'bool',
    'object',
  ].map((name) => `builtins.${name}`),
  '_codecs.encode',
  'torch.device',
  'torch.serialization._get_layout',
  'torch.per_tensor_affine',
  'torch.per_tensor_symmetric',
  'torch.per_channel_affine',
  'torch.per_channel_symmetric',
  'torch.per_channel_affine_float_qparams',
]);

const isTensorClass = (name: string): boolean => /^torch\.(?:(?:cuda\.)?\w+)?Tensor$/.test(name);

export interface TorchHandlers extends PickleHandlers {
  /** Every storage that the pickle has named so far, by its key. */
  readonly storages: ReadonlyMap<string, StorageRef>;
  /** Names of classes and functions that nothing here knows: their objects are inert. */
  readonly unknown: ReadonlySet<string>;
}

/** The objects of a checkpoint: those of torch's own weights-only reader. What any other name stands for is inert. */
export function torchHandlers(name: string): TorchHandlers {
  const damaged = (what: string): CnnzooError =>
    new CnnzooError('FORMAT', `'${name}' holds a damaged pickle: ${what}. Fetch the file again.`);
  const storages = new Map<string, StorageRef>();
  const unknown = new Set<string>();
  /** Lists of pairs that became a dict. None does so twice, or a small file could make dicts without end. */
  const spent = new WeakSet<readonly Value[]>();

  /** A tensor of `type` as a view of a storage. */
  const view = (type: TorchType, args: readonly Value[], flags: Value): TensorRef | UnreadableTensor => {
    const [storage, offset, shape, strides] = args;
    if (!(storage instanceof StorageRef) || !isCount(offset) || !isCounts(shape) || !isCounts(strides))
      throw damaged('a tensor without a storage, offset, size or stride');
    if (type.stored === undefined) return new UnreadableTensor(type.name, insteadOf(type));
    const begin = storage.start * storage.type.bytes + offset * type.bytes;
    const whole = storage.count * storage.type.bytes;
    // The end of the value that lies last.
    const end = shape.reduce((sum, n, i) => sum + (n - 1) * (strides[i] ?? Number.NaN), 1) * type.bytes + begin;
    const values = numel(shape);
    if (shape.length !== strides.length || values > MAX_VALUES || (values > 0 && !(end <= whole)))
      throw damaged(`a tensor [${shape}] with strides [${strides}] does not fit its storage of ${whole} bytes`);
    if (isMap(flags) && flags.size > 0)
      return new UnreadableTensor('values that torch negates or conjugates when it uses them', RESOLVED);
    return new TensorRef({ storage, stored: type.stored, begin, shape, strides });
  };
  const rebuild = (args: readonly Value[]) => {
    const [storage] = args;
    if (!(storage instanceof StorageRef)) throw damaged('a tensor without a storage');
    return view(storage.type, args, args[6]);
  };
  const tensorOf = (value: Value): Value => {
    if (isTensor(value) || value instanceof Inert) return value;
    throw damaged('a parameter that is no tensor');
  };
  const unreadable = (what: string, instead: string) => () => new UnreadableTensor(what, instead);

  const functions: Readonly<Record<string, (args: readonly Value[]) => Value>> = {
    'collections.OrderedDict': ([pairs = []]) => {
      if (isMap(pairs)) return pairs;
      if (!Array.isArray(pairs) || spent.has(pairs) || !pairs.every((p) => Array.isArray(p) && p.length === 2))
        throw damaged('an OrderedDict of no pairs');
      spent.add(pairs);
      return new Map(pairs as [Value, Value][]);
    },
    'collections.Counter': ([counts]) => (isMap(counts) ? counts : new Map()),
    'collections.defaultdict': ([, entries]) => (isMap(entries) ? entries : new Map()),
    'builtins.dict': ([entries]) => (isMap(entries) ? entries : new Map()),
    'torch.Size': ([size]) => {
      if (!isCounts(size)) throw damaged('a torch.Size of no sizes');
      return size;
    },
    'torch.nn.parameter.Parameter': ([data = emptyTensor()]) => tensorOf(data),
    'torch._utils._rebuild_tensor': rebuild,
    'torch._utils._rebuild_tensor_v2': rebuild,
    'torch._utils._rebuild_tensor_v3': (args) => {
      const type = args[6] instanceof Global ? dtypeOf(args[6].name) : undefined;
      if (!type) throw damaged('a tensor without a dtype');
      return view(type, args, args[7]);
    },
    'torch._utils._rebuild_parameter': ([data]) => tensorOf(data),
    'torch._utils._rebuild_parameter_with_state': ([data]) => tensorOf(data),
    'torch._utils._rebuild_device_tensor_from_cpu_tensor': ([data]) => tensorOf(data),
    'torch._tensor._rebuild_from_type_v2': ([callee, , args]) => {
      if (!(callee instanceof Global && Array.isArray(args))) throw damaged('a tensor of a class that nothing makes');
      return call(callee.name, args);
    },
    'torch._utils._rebuild_qtensor': ([storage]) =>
      new UnreadableTensor(
        `quantised values (${storage instanceof StorageRef ? storage.type.name : 'of no type'})`,
        DEQUANTISED,
      ),
    'torch._utils._rebuild_sparse_tensor': unreadable('a sparse tensor', 't.to_dense()'),
    'torch._utils._rebuild_nested_tensor': unreadable('a nested tensor', 't.to_padded_tensor(0)'),
    'torch._utils._rebuild_meta_tensor_no_storage': unreadable(
      "a tensor of the device 'meta', which has no values",
      'the tensor that has them',
    ),
    'torch._utils._rebuild_wrapper_subclass': unreadable('a tensor of a class that wraps others', 'those'),
    'torch._utils._rebuild_device_tensor_from_numpy': unreadable(
      "another device's tensor as an array of NumPy",
      't.cpu()',
    ),
  };
  const isKnown = (global: string): boolean =>
    Object.hasOwn(functions, global) ||
    KNOWN.has(global) ||
    isTensorClass(global) ||
    dtypeOf(global) !== undefined ||
    storageTypeOf(global) !== undefined;

  function call(global: string, args: readonly Value[]): Value {
    if (Object.hasOwn(functions, global)) return functions[global]!(args);
    if (isTensorClass(global)) return emptyTensor();
    if (dtypeOf(global) ?? storageTypeOf(global)) throw damaged(`a call of ${global}`);
    // Python 2's way to make an object of a class.
    const [type] = args;
    return new Inert(global === 'copyreg._reconstructor' && type instanceof Global ? type.name : global);
  }

  return {
    storages,
    unknown,
    names: (global) => {
      if (!isKnown(global)) unknown.add(global);
    },
    call,
    build: (target, state) => {
      // Attributes: a state dict's `_metadata`, those of a parameter.
      if (!(target instanceof TensorRef) || target.view.storage !== NONE || !Array.isArray(state))
        return isMap(target) || isTensor(target);
      const tensor = rebuild(state);
      if (tensor instanceof TensorRef) target.view = tensor.view;
      return tensor instanceof TensorRef;
    },
    persistent: (id) => {
      const [kind, type, key, , count, offsets] = Array.isArray(id) ? id : [];
      // The class of a whole model, with the text of its program.
      if (kind === 'module') return type;
      const of = type instanceof Global ? storageTypeOf(type.name) : undefined;
      if (kind !== 'storage' || !of || typeof key !== 'string' || !isCount(count))
        throw damaged('a persistent id that is no storage');
      const start = Array.isArray(offsets) ? offsets[1] : 0;
      if (!isCount(start)) throw damaged('a view of a storage without an offset');
      const known = storages.get(key);
      if (known && (known.type !== of || known.count !== count))
        throw damaged(`storage ${describe(key)} in two types or sizes`);
      const storage = new StorageRef(key, of, count, start);
      storages.set(key, storage);
      return storage;
    },
  };
}

const RESOLVED = 't.resolve_neg().resolve_conj()';
const DEQUANTISED = 't.dequantize()';

const insteadOf = ({ name }: TorchType): string => {
  if (name.startsWith('complex')) return 'torch.view_as_real(t)';
  return /^qu?int/.test(name) ? DEQUANTISED : 't.float()';
};

/** The storage of a tensor that has none yet. */
const NONE = new StorageRef('', { name: 'float32', bytes: 4, stored: 'F32' }, 0, 0);

const emptyTensor = (): TensorRef =>
  new TensorRef({ storage: NONE, stored: 'F32', begin: 0, shape: [0], strides: [1] });
