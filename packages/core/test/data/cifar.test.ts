import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cifar10, cifar100, type PixelsDataset } from '../../src/data.js';
import { useBackend } from '../../src/index.js';
import { synthetic } from '../images/noise.js';

beforeAll(() => useBackend('cpu'));

/** Records of label bytes and an image in planes. Image i is a rotation of one noise picture. */
const picture = (i: number): Uint8Array => synthetic(32, 32, 3).data.map((value) => (value + i) & 255);
function records(labels: readonly (readonly number[])[], first: number): Uint8Array {
  return Uint8Array.from(
    labels.flatMap((bytes, i) => {
      const rgb = picture(first + i);
      const plane = (channel: number) => [...rgb.filter((_, at) => at % 3 === channel)];
      return [...bytes, ...plane(0), ...plane(1), ...plane(2)];
    }),
  );
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cnnzoo-cifar-'));
  for (let i = 0; i < 5; i++)
    await writeFile(join(directory, `data_batch_${i + 1}.bin`), records([[i], [9 - i]], 2 * i));
  await writeFile(join(directory, 'test_batch.bin'), records([[3]], 50));
  await writeFile(
    join(directory, 'train.bin'),
    records(
      [
        [1, 99],
        [2, 0],
      ],
      0,
    ),
  );
  await writeFile(join(directory, 'test.bin'), records([[19, 42]], 0));
});
afterAll(() => rm(directory, { recursive: true }));

/** Returns labels and bytes of a data set, with the normalisation undone. */
function contents(data: PixelsDataset, mean: number[], std: number[]) {
  const [batch] = [...data.batches({ batchSize: 100 })];
  const { x, y } = batch!;
  const bytes = Uint8Array.from(x.dataSync(), (value, i) => Math.round((value * std[i % 3]! + mean[i % 3]!) * 255));
  const labels = [...y.dataSync()];
  tf.dispose([x, y]);
  return { bytes: [...bytes], labels };
}

describe('CIFAR', () => {
  it('reads the five training files of CIFAR-10 in order, planes to pixels', async () => {
    const data = await cifar10(directory, { split: 'train' });
    expect(data).toMatchObject({ size: 10, shape: [32, 32, 3] });
    expect(data.categories[9]).toBe('truck');
    const { bytes, labels } = contents(data, [0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616]);
    expect(labels).toEqual([0, 9, 1, 8, 2, 7, 3, 6, 4, 5]);
    expect(bytes).toEqual(Array.from({ length: 10 }, (_, i) => [...picture(i)]).flat());
    expect((await cifar10(directory, { split: 'test' })).size).toBe(1);
  });

  it('takes the fine labels of CIFAR-100', async () => {
    const data = await cifar100(directory, { split: 'train' });
    expect(data.categories.length).toBe(100);
    expect(data.categories).toEqual([...data.categories].sort());
    expect(data.categories[42]).toBe('leopard');
    const { bytes, labels } = contents(data, [0.5071, 0.4865, 0.4409], [0.2673, 0.2564, 0.2762]);
    expect(labels).toEqual([99, 0]);
    expect(bytes).toEqual([...picture(0), ...picture(1)]);
    expect((await cifar100([records([[19, 42]], 0)], { split: 'test' })).size).toBe(1);
  });

  it('takes bytes wherever they lie', async () => {
    const whole = records([[3], [4]], 0);
    const elsewhere = runInNewContext('new Uint8Array(bytes)', { bytes: [...whole] }) as Uint8Array;
    const odd = Buffer.concat([Buffer.from('odd'), whole]).subarray(3);
    for (const bytes of [odd, elsewhere, elsewhere.buffer as unknown as Uint8Array]) {
      const data = await cifar10([bytes], { split: 'test' });
      expect(contents(data, [0.4914, 0.4822, 0.4465], [0.247, 0.2435, 0.2616])).toEqual({
        bytes: [...picture(0), ...picture(1)],
        labels: [3, 4],
      });
    }
    await expect(cifar10(whole as unknown as Uint8Array[], { split: 'test' })).rejects.toMatchObject({
      code: 'INPUT',
      message: 'cifar10: file 0: expected bytes (Uint8Array, Buffer or ArrayBuffer), received Number.',
    });
  });

  it('refuses files that are cut short, missing, or of the other set', async () => {
    const whole = records([[3]], 0);
    for (const bytes of [whole.subarray(1), new Uint8Array(0), records([[19, 42]], 0)])
      await expect(cifar10([bytes], { split: 'test' })).rejects.toMatchObject({ code: 'FORMAT' });
    await expect(cifar10([records([[12]], 0)], { split: 'test' })).rejects.toMatchObject({ code: 'INPUT' });
    await expect(cifar10(join(directory, 'none'), { split: 'test' })).rejects.toMatchObject({ code: 'FILE' });
    await expect(cifar10(directory, { split: 'val' as 'test' })).rejects.toMatchObject({ code: 'INPUT' });
  });
});
