import { copyOf } from '../bytes.js';
import { CnnzooError } from '../errors.js';
import { checkTensor } from './formats/check-tensor.js';
import { toFloat16 } from './formats/half.js';
import { encodeHeader, type HeaderTensor } from './formats/safetensors-header.js';
import { STORED_AS } from './formats/stored-as.js';
import type { StateDict, StateTensor } from './tensors.js';

export interface EncodeOptions {
  /** Narrows floats to halves, rounding to the nearest, ties to even. */
  readonly dtype?: 'float16';
}

/** The order in which the Python package writes types: the widest first, so that each tensor's offset fits its type. */
const ORDER = ['U64', 'I64', 'F64', 'F32', 'U32', 'I32', 'F16', 'U16', 'I16', 'I8', 'U8', 'BOOL'];

const isFloat = ({ dtype }: StateTensor): boolean => dtype === 'float32' || dtype === 'float64';

interface Written extends HeaderTensor {
  values(): ArrayBufferView;
}

function written(key: string, tensor: StateTensor, { dtype }: EncodeOptions): Written {
  checkTensor(key, tensor);
  const { shape, data } = tensor;
  const halved = dtype === 'float16' && isFloat(tensor);
  return {
    key,
    shape,
    stored: halved ? 'F16' : STORED_AS[tensor.dtype],
    bytes: halved ? 2 * data.length : data.byteLength,
    values: () => (halved ? toFloat16(data as Float32Array | Float64Array) : data),
  };
}

const inOrder = (a: Written, b: Written): number =>
  ORDER.indexOf(a.stored) - ORDER.indexOf(b.stored) || (a.key < b.key ? -1 : 1);

/**
 * A state dict as a safetensors file, piece by piece: it is never held a second time as a whole.
 * The pieces share no memory with it.
 * @throws CnnzooError INPUT, before the first piece, where a shape and its values or the metadata can't be written.
 */
export function* encodeSafetensors(
  state: StateDict,
  metadata: Readonly<Record<string, string>> = {},
  options: EncodeOptions = {},
): Generator<Uint8Array> {
  if (state.has('__metadata__'))
    throw new CnnzooError('INPUT', "A state dict can't hold the key '__metadata__': safetensors keeps it for itself.");
  for (const [name, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new CnnzooError('INPUT', `metadata '${name}': expected a string, received ${typeof value}.`);
  const tensors = [...state].map(([key, tensor]) => written(key, tensor, options)).sort(inOrder);
  yield encodeHeader(tensors, metadata);
  for (const { values } of tensors) {
    const { buffer, byteOffset, byteLength } = values();
    yield copyOf(new Uint8Array(buffer, byteOffset, byteLength));
  }
}
