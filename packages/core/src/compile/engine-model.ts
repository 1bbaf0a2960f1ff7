import * as tf from '@tensorflow/tfjs-core';
import { input, layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { type GivesFeatures, type OutsideLayer, outsideError } from '../graph/late.js';
import { CompiledModel } from './compiled-model.js';

/** Program that computes a net's outputs, and its features last. */
export interface Engine {
  readonly name: string;
  run(batch: Float32Array, shape: readonly number[]): Promise<readonly Float32Array[]>;
  dispose(): void;
}

/** All layers of a net, as an engine computes them. */
class EngineLayer extends layers.Layer implements OutsideLayer {
  static readonly className = 'cnnzoo.Engine';
  readonly cnnzooEngine: string;

  constructor(
    name: string,
    readonly net: string,
    private readonly program: Engine,
    private readonly shapes: readonly Shape[],
  ) {
    super({ name, trainable: false });
    this.cnnzooEngine = program.name;
  }

  override computeOutputShape(): Shape[] {
    return [...this.shapes];
  }

  override call(): never {
    throw outsideError(this);
  }

  async infer(x: tf.Tensor, places: readonly number[]): Promise<tf.Tensor[]> {
    const outputs = await this.program.run((await x.data()) as Float32Array, x.shape);
    return places.map((place) =>
      tf.tensor(outputs[place]!, [x.shape[0]!, ...(this.shapes[place]!.slice(1) as number[])]),
    );
  }
}

/** Parts of an EngineModel. */
export interface EngineModelArgs {
  readonly net: string;
  /** Name of the layer that gives the logits. */
  readonly layer: string;
  /** [n, height, width, channels]; null: any. */
  readonly input: Shape;
  readonly outputs: readonly Shape[];
  /** Shape of the features; undefined if the net does not know its head, or has none. */
  readonly features: Shape | undefined;
  readonly engine: Engine;
}

/** Net that an engine computes outside of TensorFlow.js, asynchronously. */
export class EngineModel extends CompiledModel implements GivesFeatures {
  readonly cnnzooFeatures: SymbolicTensor | undefined;
  private readonly engine: Engine;

  constructor({ net, layer, input: shape, outputs, features, engine }: EngineModelArgs) {
    const image = input({ name: 'image', batchShape: shape });
    const results = new EngineLayer(layer, net, engine, [...outputs, ...(features ? [features] : [])]).apply(image);
    const symbols = results as SymbolicTensor[];
    super({ inputs: image, outputs: symbols.slice(0, outputs.length), name: net });
    this.cnnzooFeatures = symbols[outputs.length];
    this.engine = engine;
  }

  /** Frees the engine. Its calls in progress end first. */
  override dispose(): ReturnType<CompiledModel['dispose']> {
    const result = super.dispose();
    if (result.refCountAfterDispose === 0) this.engine.dispose();
    return result;
  }
}
