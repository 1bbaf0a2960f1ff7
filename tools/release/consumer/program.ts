// Program that is type-checked in the consumer against the packed declarations, and never run.
import {
  batchNorm,
  buildModel,
  type Classifier,
  CnnzooError,
  globalAvgPool,
  linear,
  load,
  loadStateDict,
  type Prediction,
  readStateDict,
  relu,
  type StateDict,
  sameConv,
  saveStateDict,
  seq,
  stateDict,
  summary,
  useBackend,
} from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { basicBlock, resnet18, models as resnets } from '@cnnzoo/resnet';
import type { LayersModel } from '@tensorflow/tfjs-layers';

export async function classify(path: string): Promise<Prediction | undefined> {
  const net: Classifier = await resnet18.pretrained({ weights: 'IMAGENET1K_V1' });
  const [best] = await net.classify(path, { topK: 3 });
  const many: Prediction[][] = await net.classify([path, path]);
  const vector: Float32Array = await net.embed(path);
  console.log(many.length, vector.length, resnet18.weights.DEFAULT.metrics.values, Object.keys(resnets));
  net.dispose();
  return best;
}

export async function build(): Promise<LayersModel> {
  await useBackend('wasm', { wasmPaths: '/wasm/' });
  const net: LayersModel = lenet5_relu({ inputShape: [28, 28, 1], numClasses: 26 });
  const values: StateDict = await readStateDict('net.pth');
  await loadStateDict(net, values);
  await saveStateDict(net, 'net.safetensors');
  console.log(String(summary(net)), (await stateDict(net)).size);
  return net;
}

export async function tiny(): Promise<LayersModel> {
  const layers = {
    stem: seq([sameConv(16, 3, { bias: false }), batchNorm(), relu]),
    layer1: basicBlock(16),
    pool: globalAvgPool,
    fc: linear(10),
  };
  return buildModel('tiny', seq(layers), [32, 32, 3]);
}

export async function reload(path: string): Promise<Classifier | string> {
  try {
    return await load(path);
  } catch (error) {
    if (error instanceof CnnzooError) return error.code;
    throw error;
  }
}

export async function wrong(): Promise<void> {
  // @ts-expect-error: numClasses or categories, not both.
  await resnet18.pretrained({ numClasses: 2, categories: ['cat', 'dog'] });
}
