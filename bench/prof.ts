import { useBackend } from '@cnnzoo/core';
import { fromTensors } from '@cnnzoo/core/data';
import { sgd, train } from '@cnnzoo/core/train';
import { resnet18, resnet50 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';

await useBackend('wasm');
const acc: Record<string, { ms: number; n: number }> = {};
const depth = 0;
for (const k of tf.getKernelsForBackend('wasm')) {
  const f = k.kernelFunc;
  tf.unregisterKernel(k.kernelName, 'wasm');
  tf.registerKernel({
    ...k,
    kernelFunc: (a: any) => {
      const t = performance.now();
      try {
        return f(a);
      } finally {
        const e = (acc[k.kernelName] ??= { ms: 0, n: 0 });
        e.ms += performance.now() - t;
        e.n++;
      }
    },
  });
}
const show = (total: number) => {
  console.log('total', total.toFixed(0));
  for (const [n, e] of Object.entries(acc)
    .sort((a, b) => b[1].ms - a[1].ms)
    .slice(0, 16))
    console.log(n.padEnd(30), e.ms.toFixed(1), e.n);
  for (const k in acc) delete acc[k];
};
const net50 = resnet50({ seed: 0 });
const image = tf.randomUniform([1, 224, 224, 3], -2, 2, 'float32', 1);
for (let i = 0; i < 5; i++) {
  for (const k in acc) delete acc[k];
  const t = performance.now();
  const l = net50.predict(image) as tf.Tensor;
  await l.data();
  l.dispose();
  if (i === 4) show(performance.now() - t);
}
net50.dispose();
const net = resnet18({ seed: 0, numClasses: 10 });
const images = tf.randomUniform<tf.Rank.R4>([64, 224, 224, 3], -2, 2, 'float32', 1);
const data = await fromTensors(
  images,
  tf.tensor1d(
    Array.from({ length: 64 }, (_, i) => i % 10),
    'int32',
  ),
);
images.dispose();
const steps = train(net, data, { optimizer: sgd({ lr: 0.01, momentum: 0.9 }), batchSize: 8 });
await steps.next();
await steps.next();
for (const k in acc) delete acc[k];
const t = performance.now();
await steps.next();
show(performance.now() - t);
process.exit(0);
