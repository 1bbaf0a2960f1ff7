import { isMap } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import type { LazyTensor, StateDict, StateTensor, TensorFile } from '../tensors.js';
import { ARRAYS, checkTensor } from './check-tensor.js';
import { STORED_AS } from './stored-as.js';

/** A tensor that shares no memory with the given one, whose array may be another realm's. */
const copyOfTensor = ({ shape, dtype, data }: StateTensor): StateTensor =>
  ({ shape: [...shape], dtype, data: new ARRAYS[dtype](data as never) }) as StateTensor;

/** A state dict, or a plain record of tensors, behind the interface of a file. */
export function memoryTensors(state: StateDict | Readonly<Record<string, StateTensor>>): TensorFile {
  if (typeof state !== 'object' || state === null || ArrayBuffer.isView(state))
    throw new CnnzooError(
      'INPUT',
      `expected a path, URL, bytes, Blob or state dict, received ${ArrayBuffer.isView(state) ? state.constructor.name : String(state)}.`,
    );
  const entries = (isMap(state) ? [...state] : Object.entries(state)) as [string, unknown][];
  const tensors = new Map(
    entries.map(([key, tensor]): [string, LazyTensor] => {
      checkTensor(key, tensor);
      const { shape, dtype } = tensor;
      return [key, { shape, dtype, stored: STORED_AS[dtype], read: async () => copyOfTensor(tensor) }];
    }),
  );
  return { format: 'memory', tensors, metadata: {}, inert: [], close: async () => {} };
}
