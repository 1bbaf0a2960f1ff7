import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { compiledNetError, NetModel } from '../graph/index.js';
import type { CnnzooError } from '../util/index.js';

/** Refuses to let a layer or net train. */
function lock(layer: layers.Layer | LayersModel, net: string): void {
  Object.defineProperty(layer, 'trainable', {
    get: () => false,
    set: (trainable: boolean) => {
      if (trainable) throw compiledNetError(`Setting trainable of '${layer.name}'`, net);
    },
  });
}

const usesOf = (layer: layers.Layer): number => (layer as unknown as { _refCount: number })._refCount;

/** Net of fused layers, for inference alone. `isCompiled` knows it by its mark. */
export class CompiledModel extends NetModel {
  readonly cnnzooCompiled = true;

  constructor(args: ConstructorParameters<typeof NetModel>[0]) {
    super(args);
    for (const layer of [this, ...this.layers]) lock(layer, this.name);
  }

  private refuse(what: string): CnnzooError {
    return compiledNetError(what, this.name);
  }

  override call(...args: Parameters<NetModel['call']>): Tensor | Tensor[] {
    if (args[1]?.training) throw this.refuse('A call in training mode');
    return super.call(...args);
  }

  /** Frees the weights. tfjs disposes of a layer once, and counts each of its applications. */
  override dispose(): ReturnType<NetModel['dispose']> {
    const result = super.dispose();
    if (result.refCountAfterDispose === 0)
      for (const layer of this.layers)
        while (usesOf(layer) > 0) result.numDisposedVariables += layer.dispose().numDisposedVariables;
    return result;
  }

  override compile(): void {
    throw this.refuse("The model's compile, which prepares a training,");
  }

  override async fit(): Promise<never> {
    throw this.refuse('fit');
  }

  override async fitDataset(): Promise<never> {
    throw this.refuse('fitDataset');
  }

  override async trainOnBatch(): Promise<never> {
    throw this.refuse('trainOnBatch');
  }

  override async save(): Promise<never> {
    throw this.refuse('save');
  }
}
