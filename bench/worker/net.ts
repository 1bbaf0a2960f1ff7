import { Classifier, useBackend } from '@cnnzoo/core';
import { resnet18 } from '@cnnzoo/resnet';

/** ResNet-18 with random weights, which need no download, on the wasm backend. */
export async function makeNet(): Promise<Classifier> {
  await useBackend('wasm');
  const { preprocessing, categories } = resnet18.weights.DEFAULT;
  return new Classifier({ model: resnet18({ seed: 0 }), preprocessing, categories });
}
