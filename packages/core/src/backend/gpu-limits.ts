import { engine, env, getBackend } from '@tensorflow/tfjs-core';
import { CnnzooError, numel } from '../util/index.js';

/** Members of tfjs' webgpu backend that are used here. */
interface WebgpuBackend {
  readonly device: { readonly limits: { readonly maxStorageBufferBindingSize: number } };
}

/** Returns how many float32 values a tensor may have on the current backend. Infinity off the GPU. */
function mostValues(): number {
  const name = getBackend();
  // tfjs lays the values of a tensor out in one texture, at worst as a square.
  if (name === 'webgl') return env().getNumber('WEBGL_MAX_TEXTURE_SIZE') ** 2;
  const backend = engine().registry[name] as Partial<WebgpuBackend> | undefined;
  return backend?.device ? backend.device.limits.maxStorageBufferBindingSize / 4 : Number.POSITIVE_INFINITY;
}

/**
 * Refuses a weight that is too large for the GPU.
 * @param weight its key in the state dict.
 * @throws CnnzooError BACKEND.
 */
export function checkFitsGpu(weight: string, shape: readonly number[]): void {
  const [count, most] = [numel(shape), mostValues()];
  if (count <= most) return;
  throw new CnnzooError(
    'BACKEND',
    `'${weight}', [${shape}], has ${count} values: a tensor on the backend '${getBackend()}' has at most ${most} on ` +
      "this GPU. Write `await useBackend('wasm')`, or build the layer smaller.",
  );
}
