import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lenet5_relu } from '@cnnzoo/lenet';
import { expect, it } from 'vitest';
import { cnnzoo, cnnzooUntil } from './command.js';

it('has a row for each engine that is installed, and says which are missing and why', async () => {
  const { code, out, err } = await cnnzoo('bench', 'lenet5');
  expect(code).toBe(0);
  expect(err).toContain('measuring: 1 of');
  expect(out).toMatch(/^lenet5, 28 x 28 x 1, Node /);
  for (const engine of [
    'onnxruntime-node, float32',
    'onnxruntime-node, int8',
    'onnxruntime-web, float32',
    'kernels, float32',
    'kernels, int8',
    'tfjs, wasm, float32',
  ])
    expect(out).toMatch(new RegExp(`^${engine} +[\\d.]+ +[\\d.]+ +[\\d.]+ +[\\d.]+ +[\\d.]+$`, 'm'));
  expect(out).toMatch(/^missing tfjs, tfjs-node-gpu, float32: .*not installed/m);
}, 60_000);

it('measures a saved net, as JSON', async () => {
  const place = mkdtempSync(join(tmpdir(), 'cnnzoo-bench-'));
  const net = await lenet5_relu.pretrained();
  await net.save(place);
  net.dispose();
  const { code, out } = await cnnzoo('bench', place, '--json');
  rmSync(place, { recursive: true });
  expect(code).toBe(0);
  const { engines, missing, ...rest } = JSON.parse(out);
  expect(rest).toMatchObject({ model: place, input: [28, 28, 1], rounds: 5, node: process.version });
  expect([...engines, ...missing]).toHaveLength(10);
  for (const { firstAnswerMs, batches } of engines) {
    expect(firstAnswerMs).toBeGreaterThan(0);
    for (const { batch, msPerImage, imagesPerSecond } of batches) {
      expect([1, 8]).toContain(batch);
      expect(msPerImage * imagesPerSecond).toBeCloseTo(1000, 6);
    }
  }
}, 60_000);

it('stops by Ctrl-C, and refuses a model that is none', async () => {
  const { code, out } = await cnnzooUntil((line) => line.startsWith('measuring'), 'bench', 'lenet5');
  expect({ code, out }).toEqual({ code: 130, out: '' });
  expect((await cnnzoo('bench', 'lenet9')).err).toMatch(/lenet5/);
}, 60_000);
