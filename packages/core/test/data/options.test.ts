import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, it } from 'vitest';
import {
  cifar10,
  cifar100,
  colorJitter,
  fromTensors,
  imageFolder,
  mnist,
  randomErasing,
  randomResizedCrop,
} from '../../src/data.js';
import { useBackend } from '../../src/index.js';

beforeAll(() => useBackend('cpu'));

/** Misspelled option of each function, with a call that passes the options unchecked. */
const CALLS: readonly [name: string, option: string, call: (options: never) => unknown][] = [
  ['imageFolder', 'Validation', (options) => imageFolder('nowhere', options)],
  ['imageFolder', 'worker', (options) => imageFolder('nowhere', options)],
  ['mnist', 'spit', (options) => mnist('nowhere', options)],
  ['mnist', 'class', (options) => mnist('nowhere', options)],
  ['cifar10', 'Split', (options) => cifar10('nowhere', options)],
  ['cifar100', 'mean', (options) => cifar100('nowhere', options)],
  ['fromTensors', 'classes', (options) => withTensors(options)],
  ['colorJitter', 'brightnes', (options) => colorJitter(options)],
  ['randomErasing', 'scales', (options) => randomErasing(options)],
  ['randomResizedCrop', 'ratios', (options) => randomResizedCrop(8, options)],
];

async function withTensors(options: never): Promise<unknown> {
  const [x, y] = [tf.ones<tf.Rank.R4>([1, 2, 2, 1]), tf.tensor1d([0], 'int32')];
  try {
    return await fromTensors(x, y, options);
  } finally {
    tf.dispose([x, y]);
  }
}

it.each(CALLS)('%s refuses the option %s', async (name, option, call) => {
  const run = async () => call({ [option]: 1 } as never);
  await expect(run()).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringMatching(new RegExp(`^${name}: there is no option '${option}'`)),
  });
});

it.each([
  ['mnist', mnist],
  ['cifar10', cifar10],
  ['cifar100', cifar100],
] as const)('%s says which split it needs', async (name, read) => {
  for (const options of [undefined, {}, { split: 'toString' }, { split: 'validation' }])
    await expect(read('nowhere', options as never)).rejects.toMatchObject({
      code: 'INPUT',
      message: expect.stringMatching(new RegExp(`${name}: expected split 'train' or 'test'`)),
    });
});

it.each([undefined, null, 5, true])('mnist and cifar10 refuse %o in place of files', async (source) => {
  const split = 'test';
  for (const read of [
    mnist(source as never, { split }),
    cifar10(source as never, { split }),
    cifar100(source as never, { split }),
  ])
    await expect(read).rejects.toMatchObject({ name: 'CnnzooError', code: 'INPUT' });
});

it.each([[[]], [[1, 2]], [['a', null]], ['ab'], [null]])('refuses categories %o', async (categories) => {
  const message = expect.stringContaining('categories');
  await expect(withTensors({ categories } as never)).rejects.toMatchObject({ code: 'INPUT', message });
  const refused = mnist('nowhere', { split: 'test', categories: categories as never });
  await expect(refused).rejects.toMatchObject({ code: 'INPUT', message });
});
