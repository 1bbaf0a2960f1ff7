import type { SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The tensors that lead to some of a net, and those, each after what it is computed from; without `from` and before. */
export function orderTo(to: readonly SymbolicTensor[], from?: SymbolicTensor): SymbolicTensor[] {
  const order = new Set<SymbolicTensor>();
  const visit = (tensor: SymbolicTensor): void => {
    if (tensor === from || order.has(tensor)) return;
    tensor.inputs.forEach(visit);
    order.add(tensor);
  };
  to.forEach(visit);
  return [...order];
}
