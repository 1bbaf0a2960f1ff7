import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { uniform } from '../../../test/harness/synthetic.js';
import { cnnzoo, cnnzooUntil } from './command.js';

const place = mkdtempSync(join(tmpdir(), 'cnnzoo-quantize-'));
const at = (name: string): string => join(place, name);
afterAll(() => rmSync(place, { recursive: true }));
beforeAll(async () => {
  for (let i = 0; i < 4; i++) {
    const pixels = Uint8Array.from(uniform(`image ${i}`, 28 * 28, 0, 255.99));
    const image = await sharp(pixels, { raw: { width: 28, height: 28, channels: 1 } })
      .png()
      .toBuffer();
    writeFileSync(at(`${i}.png`), image);
  }
});

it('quantizes a net with the images of a folder, reports, and writes it', async () => {
  const { code, out, err } = await cnnzoo('quantize', 'lenet5_relu', '--images', place, '--out', at('net.onnx'));
  expect(code).toBe(0);
  expect(err).toMatch(/calibrating: 4 of 4/);
  expect(out).toMatch(/of 4 calibration images have the class of float32[\s\S]*Wrote .*net\.onnx: int8, 0\.\d+ MiB\.$/);
  const json = await cnnzoo(
    ...['quantize', 'lenet5_relu', '--images', place, '--out', at('net.safetensors'), '--agreement', '0', '--json'],
  );
  expect(json.code).toBe(0);
  expect(JSON.parse(json.out)).toMatchObject({ model: 'lenet5_relu', report: { images: 4, inFloat: [] } });
  for (const name of ['net.onnx', 'net.safetensors']) expect(statSync(at(name)).size).toBeLessThan(90_000);
});

it('is what export in int8 does', async () => {
  const more = ['--dtype', 'int8', '--out', at('exported.onnx')];
  expect((await cnnzoo('export', 'lenet5_relu', ...more)).err).toMatch(/--images/);
  expect((await cnnzoo('export', 'lenet5_relu', '--images', place)).err).toMatch(/--dtype int8/);
  expect(existsSync(at('exported.onnx'))).toBe(false);
  expect((await cnnzoo('export', 'lenet5_relu', ...more, '--images', place)).out).toMatch(/onnx, int8, 0\.\d+ MiB/);
});

it('leaves nothing half-written, and what is there', async () => {
  const before = readdirSync(place);
  const stopped = await cnnzooUntil(
    (line) => line.startsWith('calibrating'),
    ...['quantize', 'lenet5_relu', '--images', place, '--out', at('stopped.onnx')],
  );
  expect(stopped.code).toBe(130);
  for (const [images, out, message] of [
    [place, at('net.pb'), /'\.onnx' or '\.safetensors'/],
    [at('none'), at('b.onnx'), /is not there/],
    [at('0.png'), at('b.onnx'), /is a file/],
  ] as const) {
    const { code, err } = await cnnzoo('quantize', 'lenet5_relu', '--images', images, '--out', out);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(message) });
  }
  expect(readdirSync(place)).toEqual(before);
});
