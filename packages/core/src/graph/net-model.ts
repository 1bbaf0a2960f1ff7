import type { Tensor } from '@tensorflow/tfjs-core';
import { input, LayersModel, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/index.js';
import { Activation, Add, BatchNorm, type Joint, type Joints, withBuildScope, withJoints } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { orderTo } from './order.js';

/** A model, or part of one. */
export type GraphEnds = Pick<LayersModel, 'inputs' | 'outputs' | 'layers'>;

/** Tensors of a model after its inputs, with the number of layers that read each. */
class Graph {
  readonly tensors: readonly SymbolicTensor[];
  private readonly readers = new Map<SymbolicTensor, number>();
  private readonly uses = new Map<layers.Layer, number>();

  constructor(private readonly model: GraphEnds) {
    this.tensors = orderTo(model.outputs, model.inputs);
    for (const { sourceLayer, inputs } of this.tensors) {
      this.uses.set(sourceLayer, (this.uses.get(sourceLayer) ?? 0) + 1);
      for (const input of inputs) this.readers.set(input, (this.readers.get(input) ?? 0) + 1);
    }
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

export interface NetModelArgs {
  readonly inputs: SymbolicTensor | SymbolicTensor[];
  readonly outputs: SymbolicTensor | SymbolicTensor[];
  readonly name?: string;
}

/**
 * tfjs' model, whose `apply` and `predict` let neighbouring layers work together where no one sees what is between them
 * (docs/decisions/0011-joined-layers.md). In all else, its description too, it is a LayersModel.
 */
export class NetModel extends LayersModel {
  private joints: { readonly found: ReturnType<typeof jointsOf> } | undefined;

  override call(...args: Parameters<LayersModel['call']>): Tensor | Tensor[] {
    return this.joined(() => super.call(...args));
  }

  override predict(...args: Parameters<LayersModel['predict']>): Tensor | Tensor[] {
    return this.joined(() => super.predict(...args));
  }

  override predictOnBatch(...args: Parameters<LayersModel['predictOnBatch']>): Tensor | Tensor[] {
    return this.joined(() => super.predictOnBatch(...args));
  }

  private joined<T>(run: () => T): T {
    this.joints ??= { found: jointsOf(this) };
    return withJoints(this.joints.found, run);
  }
}

/** The model from inputs to outputs. */
export const netModel = ({ inputs, outputs, name }: NetModelArgs): LayersModel =>
  new NetModel({ inputs, outputs, ...(name !== undefined && { name }) });

/** Height and width in pixels (null: any, known only at run time) and channels. */
export type InputShape = readonly [height: number | null, width: number | null, channels: number];

const isSize = (value: number | null): boolean => value === null || (Number.isInteger(value) && value > 0);

function checkInputShape(name: string, shape: InputShape): void {
  if (Array.isArray(shape) && shape.length === 3 && shape.every(isSize) && shape[2] !== null) return;
  throw new CnnzooError(
    'INPUT',
    `${name}: expected inputShape [height, width, channels] of positive whole numbers (height and width may be null), ` +
      `received ${JSON.stringify(shape)}.`,
  );
}

/** A `Layer`, or a net of several outputs. */
export type NetLayer = (image: SymbolicTensor, path: string) => SymbolicTensor | SymbolicTensor[];

/** Builds `net` on an image input, float32 [n, height, width, channels]. Needs a backend. */
export function buildModel(name: string, net: NetLayer, inputShape: InputShape): LayersModel {
  if (typeof name !== 'string' || name === '')
    throw new CnnzooError('INPUT', `buildModel: expected a name, received ${String(name)}.`);
  requireBackend(name);
  checkInputShape(name, inputShape);
  return withBuildScope(undefined, () => {
    const image = input({ name: 'image', shape: [...inputShape] });
    return netModel({ name, inputs: image, outputs: net(image, '') });
  });
}
