import type { StoredName } from './stored.js';

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
export function storageTypeOf(name: string): TorchType | undefined {
  if (/^torch\.(storage\.)?_?UntypedStorage$/.test(name)) return BYTES;
  const [, storage = ''] = /^torch\.(?:cuda\.)?(\w+)$/.exec(name) ?? [];
  return Object.hasOwn(STORAGES, storage) ? STORAGES[storage] : undefined;
}
