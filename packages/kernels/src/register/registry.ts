import {
  getKernel,
  type KernelConfig,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  registerKernel,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import type { Engine } from '../engine/engine.js';
import { KernelError } from '../errors.js';
import type { Heaps, Place } from './heaps.js';
import type { PackedWeights } from './packed-weights.js';
import { type WasmBackend, WasmTensors } from './wasm-tensors.js';

/** What the kernels of a family share. */
export interface KernelContext {
  readonly engine: Engine;
  readonly weights: PackedWeights;
  readonly heaps: Heaps;
}

/** One call of a kernel. The arena is empty when it begins. */
export interface KernelCall {
  /** Name of the kernel, for errors. */
  readonly name: string;
  readonly inputs: NamedTensorInfoMap;
  readonly attrs: NamedAttrMap;
  readonly tensors: WasmTensors;
  /** The tensors where they are, for what memory bounds; where tfjs' heap is out of reach, the arena. */
  readonly local: Place;
  readonly backend: WasmBackend;
}

/** What a kernel does not take, in words: it goes to the kernel that was replaced, or becomes an error. */
export class NotTaken {
  constructor(readonly what: string) {}
}

export type Kernel = (call: KernelCall) => TensorInfo | TensorInfo[] | NotTaken;

/** The kernels of a family by their names in tfjs. */
export type KernelFamily = (context: KernelContext) => Readonly<Record<string, Kernel>>;

const BACKEND = 'wasm';

/** Puts a kernel before the one that is registered; returns what puts that one back. */
function replace(kernelName: string, kernel: Kernel, { engine, heaps }: KernelContext): () => void {
  const replaced: KernelConfig | undefined = getKernel(kernelName, BACKEND);
  const kernelFunc: KernelConfig['kernelFunc'] = (args) => {
    const backend = args.backend as WasmBackend;
    const tensors = new WasmTensors(backend, engine);
    const local = heaps.of(backend) ?? { engine, tensors };
    engine.reset();
    let result: ReturnType<Kernel>;
    try {
      result = kernel({ name: kernelName, inputs: args.inputs, attrs: args.attrs ?? {}, tensors, local, backend });
    } catch (error) {
      for (const each of [tensors, local.tensors]) each.discard();
      throw error;
    } finally {
      local.engine.reset();
    }
    if (!(result instanceof NotTaken)) return result;
    if (replaced) return replaced.kernelFunc(args);
    throw new KernelError(`${kernelName} on the wasm backend does not take ${result.what}.`);
  };
  if (replaced) unregisterKernel(kernelName, BACKEND);
  registerKernel({ ...replaced, kernelName, backendName: BACKEND, kernelFunc });
  return () => {
    // Whoever registered another kernel since keeps it.
    if (getKernel(kernelName, BACKEND)?.kernelFunc !== kernelFunc) return;
    unregisterKernel(kernelName, BACKEND);
    if (replaced) registerKernel(replaced);
  };
}

/** Registers kernels for the wasm backend; returns what takes them back. */
export function register(kernels: Readonly<Record<string, Kernel>>, context: KernelContext): () => void {
  const restore = Object.entries(kernels).map(([name, kernel]) => replace(name, kernel, context));
  return () => {
    for (const each of restore) each();
  };
}
