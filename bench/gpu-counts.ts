/**
 * Counts what one training step asks of a backend that has no kernels of @cnnzoo/kernels: `npx tsx bench/gpu-counts.ts
 * cpu|webgpu [net] …`. Nothing is timed. On cpu the counts are of tfjs' engine, which makes the same calls on every
 * such backend, except that the cpu backend alone does not bundle groups.
 */
import { alexnet } from '@cnnzoo/alexnet';
import { type BackendName, buildModel, useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { googlenet, googlenet_paper } from '@cnnzoo/googlenet';
import { lenet5 } from '@cnnzoo/lenet';
import { bottleneck, resnet, resnet18 } from '@cnnzoo/resnet';
import { type DataId, engine, type KernelBackend, type Rank, randomUniform, tensor1d } from '@tensorflow/tfjs-core';

interface Counts {
  /** Runs of tfjs' kernels without those that compute nothing. */
  kernels: number;
  /** Programs that the GPU runs; undefined on cpu. */
  dispatches?: number;
  /** Tensors of more than four values from main memory. Smaller ones are uniforms on WebGL. */
  uploads: number;
  /** Tensors of at most four values from main memory, such as a learning rate. */
  scalars: number;
  /** Reads of values that the backend has computed. */
  reads: number;
}

const NO_WORK = ['Reshape', 'Identity', 'Cast', 'ExpandDims'];

const backend = (process.argv[2] ?? 'cpu') as BackendName;
await useBackend(backend);
let counts: Counts;
const reset = (): void => {
  counts = { kernels: 0, ...(backend === 'webgpu' && { dispatches: 0 }), uploads: 0, scalars: 0, reads: 0 };
};
reset();

type Method = (...args: never[]) => unknown;

/** Has `before` called with the arguments and `after` with the result of each call of a method. */
function observe(object: object, name: string, before: (args: unknown[]) => void, after?: (result: unknown) => void) {
  const methods = object as Record<string, Method>;
  const method = methods[name]!.bind(object);
  methods[name] = (...args) => {
    before(args);
    const result = method(...args);
    after?.(result);
    return result;
  };
}

const fromMemory = new WeakSet<DataId>();
const tfjs = engine();
observe(tfjs, 'runKernel', ([name]) => {
  // Computed in main memory by the GPU backends.
  if (name === 'Range') counts.uploads++;
  if (!NO_WORK.includes(name as string)) counts.kernels++;
});
observe(
  tfjs,
  'makeTensor',
  () => undefined,
  (tensor) => {
    const { dataId, size } = tensor as { dataId: DataId; size: number };
    fromMemory.add(dataId);
    if (size > 4) counts.uploads++;
    else counts.scalars++;
  },
);
const instance: KernelBackend = tfjs.backend;
observe(instance, 'read', ([id]) => {
  if (!fromMemory.has(id as DataId)) counts.reads++;
});
if (backend === 'webgpu')
  observe(instance, 'runWebGPUProgram', () => {
    counts.dispatches!++;
  });

const images = (size: number) => ({ seed: 0, numClasses: 10, inputShape: [size, size, 3] as [number, number, number] });
const NETS = {
  lenet5: () => lenet5({ seed: 0 }),
  alexnet: () => alexnet(images(64)),
  googlenet: () => googlenet(images(64)),
  googlenet_paper: () => googlenet_paper(images(64)),
  resnet18: () => resnet18(images(32)),
  'resnext of 14 layers': () => {
    const layers = resnet({ block: bottleneck, depths: [1, 1, 1, 1], groups: 32, widthPerGroup: 4 });
    return buildModel('resnext', layers({ numClasses: 10 }), [32, 32, 3]);
  },
};

const names = process.argv.length > 3 ? process.argv.slice(3) : Object.keys(NETS);
for (const name of names) {
  const build = NETS[name as keyof typeof NETS];
  const net = build();
  const [, ...shape] = net.inputs[0]!.shape as [null, number, number, number];
  const x = randomUniform<Rank.R4>([6, ...shape], -1, 1, 'float32', 1);
  const data = await fromTensors(x, tensor1d([0, 1, 2, 3, 4, 5], 'int32'));
  const steps = train(net, data, { optimizer: sgd({ lr: 0.001, momentum: 0.9 }), batchSize: 2, auxiliaryWeight: 0.3 });
  // The first step uploads constants and makes the optimizer's state.
  await steps.next();
  reset();
  await steps.next();
  console.log(name, { ...counts! });
  await steps.return();
  net.dispose();
}
