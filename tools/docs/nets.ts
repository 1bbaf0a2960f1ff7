/** Untrained nets, each built once. */
import { type ModelDefinition, type Summary, summary } from '@cnnzoo/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export class Nets {
  private readonly built = new Map<string, LayersModel>();

  of(definition: ModelDefinition): LayersModel {
    const net = this.built.get(definition.name) ?? definition({ seed: 0 });
    this.built.set(definition.name, net);
    return net;
  }

  summary(definition: ModelDefinition): Summary {
    return summary(this.of(definition));
  }

  dispose(): void {
    for (const net of this.built.values()) net.dispose();
    this.built.clear();
  }
}
