// Types of the packages, in programs with and without TypeScript's DOM library. An `any` fails them. Never run.
import type { Classifier, ClassifyOptions, FrameSource, ImageInput, Prediction, StateDict } from '@cnnzoo/core';
import { compile, load, readStateDict } from '@cnnzoo/core';
import { type ImageFolder, imageFolder } from '@cnnzoo/core/data';
import type { FitOptions, Step } from '@cnnzoo/core/train';
import { sgd, train } from '@cnnzoo/core/train';
import { inWorker, serveClassifier, type WorkerLike } from '@cnnzoo/core/worker';
import { lenet5_relu } from '@cnnzoo/lenet';
import { type models, resnet18 } from '@cnnzoo/resnet';
import type { Tensor3D } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Compiles only if the value's type is exactly `T`. */
const exactly = <T>() => ({
  of: <U>(_: U, ..._equal: Equal<T, U> extends true ? [] : [never]): void => undefined,
});
type IsAny<T> = 0 extends 1 & T ? true : false;
const no = (_: false): void => undefined;

export async function images(net: Classifier, bytes: Uint8Array, tensor: Tensor3D): Promise<void> {
  no(undefined as unknown as IsAny<ImageInput> as false);
  exactly<Prediction[]>().of(await net.classify('a.jpg'));
  exactly<Prediction[]>().of(await net.classify(bytes));
  exactly<Prediction[]>().of(await net.classify(tensor, { topK: 1 }));
  exactly<Prediction[][]>().of(await net.classify(['a.jpg', 'b.jpg']));
  exactly<Prediction[][]>().of(await net.classify([bytes, tensor]));
  exactly<Float32Array>().of(await net.embed('a.jpg'));
  exactly<Float32Array[]>().of(await net.embed(['a.jpg', bytes]));
  // @ts-expect-error: a number is no image.
  await net.classify(7);
  // @ts-expect-error: an object of no meaning is no image.
  await net.classify({});
  // @ts-expect-error: nor are lists of lists.
  await net.classify([['a.jpg']]);
}

export async function nets(): Promise<void> {
  exactly<Classifier>().of(await resnet18.pretrained());
  exactly<Classifier>().of(await load('net.safetensors'));
  exactly<LayersModel>().of(lenet5_relu({ numClasses: 3 }));
  exactly<StateDict>().of(await readStateDict('net.pth'));
  exactly<ImageFolder>().of(await imageFolder('folder'));
  no(undefined as unknown as IsAny<(typeof models)['resnet18']> as false);
  // @ts-expect-error: a path is no number.
  await load(7);
  // @ts-expect-error: an unknown option.
  await resnet18.pretrained({ weight: 'IMAGENET1K_V1' });
}

export async function workers(worker: WorkerLike): Promise<void> {
  const net = await inWorker(() => worker);
  no(undefined as unknown as IsAny<Parameters<typeof net.classify>[0]> as false);
  exactly<Prediction[]>().of(await net.classify('a.jpg'));
  exactly<Prediction[][]>().of(await net.classify(['a.jpg', 'b.jpg'], { transfer: true }));
  serveClassifier((options) => lenet5_relu.pretrained(options));
  // @ts-expect-error: a net that serves nothing.
  serveClassifier(() => 7);
  // @ts-expect-error: a path is no worker.
  await inWorker(() => './net.worker.js');
}

export async function compiled(net: Classifier, model: LayersModel): Promise<void> {
  no(undefined as unknown as IsAny<FrameSource> as false);
  exactly<Classifier>().of(await compile(net));
  exactly<LayersModel>().of(await compile(model));
}

export async function training(net: LayersModel, { train: data }: ImageFolder, options: FitOptions): Promise<void> {
  no(undefined as unknown as IsAny<FitOptions['signal']> as false);
  no(undefined as unknown as IsAny<ClassifyOptions['signal']> as false);
  for await (const step of train(net, data, { optimizer: sgd({ lr: 0.1 }), signal: options.signal }))
    exactly<Step>().of(step);
}
