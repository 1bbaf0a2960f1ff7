import type { Tensor } from '@tensorflow/tfjs-core';
import { LayersModel, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { withJoints } from './join-scope.js';
import { jointsOf } from './joints.js';

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
