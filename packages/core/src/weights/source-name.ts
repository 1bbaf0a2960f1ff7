import { isBlob, isMap, isUrl } from '../bytes.js';
import type { WeightsSource } from './tensors.js';

/** The name of what weights come from, for people: a path or URL, else what kind of value it is. */
export function sourceName(source: WeightsSource): string {
  if (typeof source === 'string' || isUrl(source)) return String(source);
  if (isBlob(source)) return (source as { name?: string }).name ?? 'the blob';
  return isMap(source) || !('byteLength' in source) ? 'a state dict' : 'the bytes';
}
