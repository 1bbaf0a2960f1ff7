// examples/scale: an exported net on two workers of Ray Data gives the results that a session gives.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lenet5_relu } from '@cnnzoo/lenet';
import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import { exportOnnx } from '../src/index.js';

const place = mkdtempSync(join(tmpdir(), 'cnnzoo-ray-'));
afterAll(() => rmSync(place, { recursive: true }));
const python = process.env.PYTHON ?? 'python3';
const script = fileURLToPath(new URL('../../../examples/scale/classify.py', import.meta.url));

const lacking = (): string | undefined => {
  try {
    execFileSync(python, ['-c', 'import ray, ray.data, onnxruntime, PIL'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Python has no ray[data], onnxruntime and Pillow here; PYTHON names another interpreter';
  }
};

/** Relative difference of scores: onnxruntime of Python and softmax of NumPy against those here, on the same pixels. */
const TOLERANCE = 1e-4;

it('two workers give a line for each image, in order, with the same classes and scores', async (context) => {
  const reason = lacking();
  if (reason) return context.skip(reason);
  const folder = join(place, 'photos');
  mkdirSync(join(folder, 'more'), { recursive: true });
  const names = Array.from({ length: 9 }, (_, i) => `${i % 2 ? 'more/' : ''}${i}.png`);
  for (const [i, name] of names.entries()) {
    const pixels = Uint8Array.from({ length: (30 + i) * (40 - i) }, (_, at) => (at * (i + 3) * 7) % 256);
    await sharp(pixels, { raw: { width: 30 + i, height: 40 - i, channels: 1 } }).toFile(join(folder, name));
  }
  writeFileSync(join(folder, 'broken.jpg'), 'no image');
  const net = await lenet5_relu.pretrained();
  await exportOnnx(net, join(place, 'net.onnx'));
  const out = join(place, 'results.jsonl');
  const options = ['--workers', '2', '--batch', '3', '--top', '3'];
  const report = execFileSync(python, [script, join(place, 'net.onnx'), folder, out, ...options], { encoding: 'utf8' });
  expect(JSON.parse(report.trim().split('\n').at(-1)!)).toMatchObject({ images: 10, failed: 1, workers: 2 });
  const lines = readFileSync(out, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ image }) => image)).toEqual([...names, 'broken.jpg'].sort());
  for (const { image, predictions, error } of lines) {
    if (image === 'broken.jpg') {
      expect(error).toMatchObject({ code: 'IMAGE', message: expect.stringMatching(/^broken\.jpg: /) });
      continue;
    }
    const expected = await net.classify(join(folder, image), { topK: 3 });
    expect(predictions.map(({ label }: { label: string }) => label)).toEqual(expected.map(({ label }) => label));
    for (const [i, { score }] of expected.entries())
      expect(Math.abs(predictions[i].score - score)).toBeLessThanOrEqual(TOLERANCE * score);
  }
  net.dispose();
}, 240_000);
