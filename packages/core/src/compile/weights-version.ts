import type { LayersModel } from '@tensorflow/tfjs-layers';
import { weightsOf } from '../graph/index.js';
import { changesOf } from '../ops/index.js';

/** Remembers the state of a net's weights, without their values, to tell later whether they are the same. */
export class WeightsVersion {
  private readonly weights;

  constructor(model: LayersModel) {
    this.weights = weightsOf(model).map(({ variable }) => {
      // tfjs' variable itself, whose data a write replaces. It can be asked after the net was disposed of.
      const value = variable.read();
      return { value, dataId: value.dataId, changes: changesOf(value) };
    });
  }

  /** False once a weight has been written, by a training step, a checkpoint or anything else. */
  get isCurrent(): boolean {
    return this.weights.every(({ value, dataId, changes }) => value.dataId === dataId && changesOf(value) === changes);
  }
}
