/** Untrained nets, each built once. */
import { type ModelDefinition, type Summary, summary } from '@cnnzoo/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export class Nets {
  private readonly built = new Map<string, LayersModel>();

  of(definition: ModelDefinition, options: Readonly<Record<string, unknown>> = {}): LayersModel {
    const key = `${definition.name} ${JSON.stringify(options)}`;
    const net = this.built.get(key) ?? definition({ seed: 0, ...options });
    this.built.set(key, net);
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
