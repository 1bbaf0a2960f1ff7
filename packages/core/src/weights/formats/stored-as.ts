import type { DType } from '../tensors.js';
import type { StoredName } from './stored.js';

/** How a tensor in memory is stored: as itself. */
export const STORED_AS = {
  float32: 'F32',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
} as const satisfies Record<DType, StoredName>;
