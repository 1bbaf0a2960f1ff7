import type { KernelAttributes, KernelInputs, KernelName, KernelResult } from '@cnnzoo/kernels';
import {
  engine,
  type GradFunc,
  getBackend,
  getGradient,
  getKernel,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  type Tensor,
} from '@tensorflow/tfjs-core';

/** Returns true if the current backend has the kernel. */
export const hasKernel = (name: KernelName): boolean => getKernel(name, getBackend()) !== undefined;

/** Runs a kernel on the current backend, which has it. Not differentiable by itself. */
export const runKernel = <Name extends KernelName>(
  name: Name,
  inputs: KernelInputs<Name>,
  attributes: KernelAttributes<Name>,
): KernelResult<Name> =>
  engine().runKernel(
    name,
    inputs as unknown as NamedTensorMap,
    attributes as unknown as NamedAttrMap,
  ) as KernelResult<Name>;

/** Kernels whose result is one tensor. */
type SingleResult = { [Name in KernelName]: KernelResult<Name> extends Tensor ? Name : never }[KernelName];

type InputName<Name extends KernelName> = keyof KernelInputs<Name> & string;

/** Tensors that a gradient reads: inputs in the order of their names, then the result if it is saved. */
type Saved<Name extends KernelName, Inputs extends readonly InputName<Name>[], Output> = readonly [
  ...{ [Index in keyof Inputs]: KernelInputs<Name>[Inputs[Index]] },
  ...(Output extends true ? [KernelResult<Name>] : []),
];

/**
 * Returns a function that runs a kernel and has its gradient, which tfjs learns at the first call. Gradients are lazy, as
 * tfjs' own: each is computed only if it is asked for.
 *
 * @param saves inputs that the gradients read, by name, and whether they read the result.
 * @param gradients the gradient by each input, from the gradient of the result.
 */
export function differentiable<
  Name extends SingleResult,
  const Inputs extends readonly InputName<Name>[],
  const Output extends boolean = false,
>(
  kernelName: Name,
  { inputs: inputsToSave, output }: { readonly inputs: Inputs; readonly output?: Output },
  gradients: (
    dy: KernelResult<Name>,
    saved: Saved<Name, Inputs, Output>,
    attributes: KernelAttributes<Name>,
  ) => { readonly [Key in InputName<Name>]?: () => Tensor },
) {
  return (inputs: KernelInputs<Name>, attributes: KernelAttributes<Name>): KernelResult<Name> => {
    if (!getGradient(kernelName))
      registerGradient({
        kernelName,
        inputsToSave: [...inputsToSave],
        outputsToSave: [output ?? false],
        gradFunc: gradients as unknown as GradFunc,
      });
    return runKernel(kernelName, inputs, attributes);
  };
}
