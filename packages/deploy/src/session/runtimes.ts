import { CnnzooError } from '@cnnzoo/core';
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

interface NodeModule {
  createRequire(from: string): NodeJS.Require;
}

/** Node's modules, without an import that a page's bundler would follow. */
const builtin = <T>(name: string): T | undefined => globalThis.process?.getBuiltinModule?.(name) as T | undefined;

/** Returns the address of a package that is installed where the program or this package lies; undefined in a page. */
function findPackage(name: string): string | undefined {
  const node = builtin<NodeModule>('node:module');
  const url = builtin<typeof import('node:url')>('node:url');
  if (!node || !url) return undefined;
  const here = import.meta.url?.startsWith('file:') ? [import.meta.url] : [];
  for (const from of [`${process.cwd()}/package.json`, ...here])
    try {
      return url.pathToFileURL(node.createRequire(from).resolve(name)).href;
    } catch {
      // Not installed there.
    }
  return undefined;
}

/** Imports a package if it is installed. In a page none is found: a bundler can't be asked for it at run time. */
export async function importInstalled<T>(name: string): Promise<T | undefined> {
  const address = findPackage(name);
  if (address === undefined) return undefined;
  const found: { default?: unknown } = await import(
    /* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ address
  );
  // A CommonJS module has its members in `default`.
  return { ...(found.default as object), ...found } as T;
}

/**
 * Imports onnxruntime.
 *
 * @throws CnnzooError BACKEND if it is not installed, or can't be loaded.
 */
export async function requireRuntime(name: Exclude<EngineName, 'tfjs'>): Promise<OnnxRuntime> {
  let runtime: OnnxRuntime | undefined;
  try {
    runtime = await importInstalled<OnnxRuntime>(name);
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
