import type { Tensor } from '@tensorflow/tfjs-core';
import { input, LayersModel, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { requireBackend } from '../backend/index.js';
import { Activation, Add, BatchNorm, type Fusion, type Fusions, withBuildScope, withFusions } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { orderTo } from './order.js';

/** Ends and layers of a model, or of a part of one. */
export type GraphEnds = Pick<LayersModel, 'inputs' | 'outputs' | 'layers'>;

/** Tensors of a model after its inputs, with the number of readers of each. */
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

  /** Returns true if the tensor's layer is applied once. */
  isOnlyUse({ sourceLayer }: SymbolicTensor): boolean {
    return this.uses.get(sourceLayer) === 1;
  }

  /** Returns true if only the next layer reads the tensor, so that fusing may leave it out. */
  isHidden(tensor: SymbolicTensor): boolean {
    const { inputs, outputs } = this.model;
    return (
      this.isOnlyUse(tensor) && this.readers.get(tensor) === 1 && !outputs.includes(tensor) && !inputs.includes(tensor)
    );
  }
}

/**
 * Finds layers that one kernel can compute: BatchNorm, then the addition of a residual (optional), then ReLU. They are
 * fused only if no other layer, and no output of the model, reads the tensors between them.
 *
 * @returns undefined if the model holds models.
 */
export function fusionsOf(model: GraphEnds): Fusions | undefined {
  // An inner model may hold layers of ours too; its graph is not searched.
  if (model.layers.some((layer) => 'layers' in layer)) return undefined;
  const graph = new Graph(model);
  const fusions = new Map<layers.Layer, Fusion>();
  const isHiddenNorm = (tensor: SymbolicTensor): boolean =>
    tensor.sourceLayer instanceof BatchNorm && graph.isHidden(tensor);
  for (const tensor of graph.tensors) {
    const relu = tensor.sourceLayer;
    if (!(relu instanceof Activation) || relu.args.activation !== 'relu' || !graph.isOnlyUse(tensor)) continue;
    const before = tensor.inputs[0]!;
    if (isHiddenNorm(before)) {
      fusions.set(before.sourceLayer, 'relu').set(relu, 'done');
    } else if (before.sourceLayer instanceof Add && graph.isHidden(before)) {
      const input = before.inputs.findIndex(isHiddenNorm);
      if (input < 0) continue;
      const norm = before.inputs[input]!.sourceLayer as BatchNorm;
      fusions.set(norm, 'later').set(before.sourceLayer, { norm, input }).set(relu, 'done');
    }
  }
  return fusions;
}

export interface NetModelArgs {
  readonly inputs: SymbolicTensor | SymbolicTensor[];
  readonly outputs: SymbolicTensor | SymbolicTensor[];
  readonly name?: string;
}

/**
 * LayersModel that runs BatchNorm, addition and ReLU as one kernel if only they read the tensors between them
 * (docs/decisions/0011-joined-layers.md). Its saved description is that of a LayersModel.
 */
export class NetModel extends LayersModel {
  private fusions: { readonly found: ReturnType<typeof fusionsOf> } | undefined;

  override call(...args: Parameters<LayersModel['call']>): Tensor | Tensor[] {
    return this.fused(() => super.call(...args));
  }

  override predict(...args: Parameters<LayersModel['predict']>): Tensor | Tensor[] {
    return this.fused(() => super.predict(...args));
  }

  override predictOnBatch(...args: Parameters<LayersModel['predictOnBatch']>): Tensor | Tensor[] {
    return this.fused(() => super.predictOnBatch(...args));
  }

  private fused<T>(run: () => T): T {
    this.fusions ??= { found: fusionsOf(this) };
    return withFusions(this.fusions.found, run);
  }
}

/** Returns the model from inputs to outputs. */
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

/** Like `Layer`, but may return several outputs. */
export type NetLayer = (image: SymbolicTensor, path: string) => SymbolicTensor | SymbolicTensor[];

/**
 * Builds `net` on an image input, float32 [n, height, width, channels]. Needs a backend.
 *
 * @example
 * ```ts
 * import { buildModel, conv, globalAvgPool, head, relu, seq } from '@cnnzoo/core';
 *
 * const net = seq({ conv1: conv(16, 3), relu, pool: globalAvgPool, fc: head(10) });
 * const model = buildModel('tiny', net, [32, 32, 3]); // [n, 32, 32, 3] -> [n, 10]
 * ```
 */
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
