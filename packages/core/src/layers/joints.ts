import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { Activation } from './activation.js';
import { Add } from './add.js';
import { BatchNorm } from './batch-norm.js';
import type { Joint, Joints } from './join-scope.js';

/** A model, or part of one. */
export type GraphEnds = Pick<LayersModel, 'inputs' | 'outputs' | 'layers'>;

/** Who reads what in a model: what leads from its inputs to its outputs, each tensor once. */
class Graph {
  readonly tensors: SymbolicTensor[] = [];
  private readonly readers = new Map<SymbolicTensor, number>();
  private readonly uses = new Map<layers.Layer, number>();

  constructor(private readonly model: GraphEnds) {
    const seen = new Set<SymbolicTensor>();
    const visit = (tensor: SymbolicTensor): void => {
      if (seen.has(tensor)) return;
      seen.add(tensor);
      this.tensors.push(tensor);
      this.uses.set(tensor.sourceLayer, (this.uses.get(tensor.sourceLayer) ?? 0) + 1);
      if (model.inputs.includes(tensor)) return;
      for (const input of tensor.inputs) {
        this.readers.set(input, (this.readers.get(input) ?? 0) + 1);
        visit(input);
      }
    };
    model.outputs.forEach(visit);
  }

  /** Whether a tensor's layer is used once. */
  isOnlyUse({ sourceLayer }: SymbolicTensor): boolean {
    return this.uses.get(sourceLayer) === 1;
  }

  /** Whether the next layer alone sees a tensor: nobody notices what stands in its place. */
  isHidden(tensor: SymbolicTensor): boolean {
    const { inputs, outputs } = this.model;
    return (
      this.isOnlyUse(tensor) && this.readers.get(tensor) === 1 && !outputs.includes(tensor) && !inputs.includes(tensor)
    );
  }
}

/**
 * Where BatchNorm, the addition of a residual and the ReLU behind them are one kernel's work, because nothing but the
 * next layer reads what is between them: not an output of the model, so a model with other outputs has other joints.
 */
export function jointsOf(model: GraphEnds): Joints | undefined {
  // A layer of a model inside may be one of ours as well.
  if (model.layers.some((layer) => 'layers' in layer)) return undefined;
  const graph = new Graph(model);
  const joints = new Map<layers.Layer, Joint>();
  const isHiddenNorm = (tensor: SymbolicTensor): boolean =>
    tensor.sourceLayer instanceof BatchNorm && graph.isHidden(tensor);
  for (const tensor of graph.tensors) {
    const relu = tensor.sourceLayer;
    if (!(relu instanceof Activation) || relu.args.activation !== 'relu' || !graph.isOnlyUse(tensor)) continue;
    const before = tensor.inputs[0]!;
    if (isHiddenNorm(before)) {
      joints.set(before.sourceLayer, 'relu').set(relu, 'done');
    } else if (before.sourceLayer instanceof Add && graph.isHidden(before)) {
      const input = before.inputs.findIndex(isHiddenNorm);
      if (input < 0) continue;
      const norm = before.inputs[input]!.sourceLayer as BatchNorm;
      joints.set(norm, 'later').set(before.sourceLayer, { norm, input }).set(relu, 'done');
    }
  }
  return joints;
}
