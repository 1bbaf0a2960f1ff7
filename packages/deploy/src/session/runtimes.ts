import { CnnzooError } from '@cnnzoo/core';
import { importInstalled } from '@cnnzoo/core/internal';
import type { EngineName } from './engine.js';

/** Tensor of onnxruntime. */
export interface OnnxTensor {
  readonly data: Float32Array;
}

/** Session of onnxruntime. */
export interface OnnxSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, OnnxTensor>): Promise<Record<string, OnnxTensor>>;
  release(): Promise<void>;
}

/** Members of `onnxruntime-node` and `onnxruntime-web` that are used here. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(file: Uint8Array, options: object): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OnnxTensor;
  readonly env: { readonly wasm: { numThreads?: number } };
}

/**
 * Imports onnxruntime.
 *
 * @throws CnnzooError BACKEND if it is not installed, or can't be loaded.
 */
export async function requireRuntime(name: Exclude<EngineName, 'kernels' | 'tfjs'>): Promise<OnnxRuntime> {
  let runtime: OnnxRuntime | undefined;
  try {
    runtime = (await importInstalled(name)) as OnnxRuntime | undefined;
  } catch (cause) {
    throw new CnnzooError(
      'BACKEND',
      `createSession: '${name}' is installed and can't be loaded: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  if (runtime) return runtime;
  throw new CnnzooError(
    'BACKEND',
    `createSession: '${name}' is not installed here. Run 'npm install ${name}', or in a page import it and give it as the option ` +
      'runtime.',
  );
}
