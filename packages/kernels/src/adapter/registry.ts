import { getKernel, type KernelConfig, registerKernel, type TensorInfo, unregisterKernel } from '@tensorflow/tfjs-core';
import type { KernelAttributes, KernelInputs, KernelName, KernelResult } from '../contract.js';
import { type Engine, memoryOf } from '../engine/index.js';
import { KernelError } from '../errors.js';
import type { Heaps, Place } from './heaps.js';
import type { PackedWeights } from './packed-weights.js';
import { type WasmBackend, WasmTensors } from './wasm-tensors.js';

/** State that all kernels share. */
export interface KernelContext {
  readonly engine: Engine;
  readonly weights: PackedWeights;
  readonly heaps: Heaps;
}

/**
 * One call of a kernel as it arrives at run time: any input may be missing and any attribute may have any value until
 * it is checked. The arena is empty when the call begins.
 */
export interface KernelCall<Input extends string = string, Attribute extends string = string> {
  /** Name of the kernel, for error messages. */
  readonly name: string;
  readonly inputs: { readonly [Name in Input]?: TensorInfo | undefined };
  readonly attrs: { readonly [Name in Attribute]?: unknown };
  readonly tensors: WasmTensors;
  /**
   * Place of the tensors for ops that are limited by memory bandwidth: tfjs' heap, or the arena if that heap is out of
   * reach.
   */
  readonly local: Place;
  readonly backend: WasmBackend;
}

/** Call of one of our kernels. Only inputs and attributes of the contract can be asked for. */
export type OwnCall<Name extends KernelName> = KernelCall<
  keyof KernelInputs<Name> & string,
  keyof KernelAttributes<Name> & string
>;

/**
 * Reason why a kernel does not take a call. The call then goes to the kernel that was replaced, or fails with the
 * reason.
 */
export class NotTaken {
  constructor(readonly what: string) {}
}

export type Kernel = (call: KernelCall) => TensorInfo | TensorInfo[] | NotTaken;

/** Results of the contract, as tensor infos. */
type Results<Result> = Result extends readonly unknown[] ? { [Index in keyof Result]: TensorInfo } : TensorInfo;

/** Names of tfjs' kernels that ours replace. */
type ReplacedName =
  | 'AvgPool'
  | 'AvgPoolGrad'
  | 'BatchMatMul'
  | 'Cast'
  | 'Conv2D'
  | 'Conv2DBackpropFilter'
  | 'Conv2DBackpropInput'
  | 'DepthwiseConv2dNativeBackpropFilter'
  | 'DepthwiseConv2dNativeBackpropInput'
  | 'FusedBatchNorm'
  | 'FusedConv2D'
  | 'Identity'
  | 'MaxPool'
  | 'MaxPoolGrad'
  | 'Mean'
  | 'Relu'
  | 'Relu6'
  | 'Sum'
  | 'Tile'
  | '_FusedMatMul';

/** All kernels: those of the contract and the replacements of tfjs' own. */
export type Kernels = {
  readonly [Name in KernelName]: (call: OwnCall<Name>) => Results<KernelResult<Name>> | NotTaken;
} & { readonly [Name in ReplacedName]: Kernel };

/** Makes kernels by name. A family makes some of `Kernels`. */
export type KernelFamily<Made = Partial<Kernels>> = (context: KernelContext) => Made;

const BACKEND = 'wasm';

/** Replaces a registered kernel. Returns a function that restores it. */
function replace(kernelName: string, kernel: Kernel, { engine, heaps }: KernelContext): () => void {
  const replaced: KernelConfig | undefined = getKernel(kernelName, BACKEND);
  const kernelFunc: KernelConfig['kernelFunc'] = (args) => {
    const backend = args.backend as WasmBackend;
    const tensors = new WasmTensors(backend, engine);
    const local = heaps.of(backend) ?? { engine, tensors };
    engine.reset();
    const memory = memoryOf(backend.wasm);
    if (memory) engine.attach(memory);
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
    // If someone else has registered another kernel since, theirs stays.
    if (getKernel(kernelName, BACKEND)?.kernelFunc !== kernelFunc) return;
    unregisterKernel(kernelName, BACKEND);
    if (replaced) registerKernel(replaced);
  };
}

/** Registers kernels for the wasm backend. Returns a function that undoes it. */
export function register(
  kernels: readonly (readonly [name: string, kernel: Kernel])[],
  context: KernelContext,
): () => void {
  const restore = kernels.map(([name, kernel]) => replace(name, kernel, context));
  return () => {
    for (const each of restore) each();
  };
}
