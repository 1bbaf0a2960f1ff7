import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cnnzoo } from './command.js';

const place = mkdtempSync(join(tmpdir(), 'cnnzoo-export-'));
const at = (name: string): string => join(place, name);

beforeAll(() => {
  vi.stubGlobal('fetch', () => Promise.reject(new Error('tests have no network')));
});
afterEach(() => {
  for (const name of readdirSync(place)) rmSync(at(name), { recursive: true });
});
afterAll(() => {
  vi.unstubAllGlobals();
  rmSync(place, { recursive: true });
});

describe('export', () => {
  it.each([
    ['onnx', 'float32', 'net.onnx', 240_000],
    ['onnx', 'float16', 'net.onnx', 120_000],
    ['graph-model', 'float32', 'net', 240_000],
    ['graph-model', 'uint8', 'net', 60_000],
    ['state-dict', 'float32', 'net.safetensors', 240_000],
    ['state-dict', 'float16', 'net.safetensors', 120_000],
    ['state-dict', 'int8', 'net.safetensors', 62_000],
  ])('writes a shipped net as %s of %s, and says where', async (format, dtype, name, least) => {
    const { code, out, err } = await cnnzoo(
      'export',
      'lenet5_relu',
      '-f',
      format,
      '--dtype',
      dtype,
      '-o',
      at(name),
      '--json',
    );
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { bytes, ...rest } = JSON.parse(out);
    expect(rest).toEqual({ model: 'lenet5_relu', weights: 'MNIST_V1', format, dtype, out: at(name) });
    expect(bytes).toBeGreaterThan(least);
    expect(bytes).toBeLessThan(least * 1.25);
  });

  it('writes a saved net', async () => {
    const first = await cnnzoo('export', 'lenet5', '-f', 'state-dict', '-o', at('net.safetensors'));
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Wrote .*net\.safetensors: state-dict, float32, 0\.2\d? MiB\.$/m),
    });
    expect(statSync(at('net.safetensors')).size).toBeGreaterThan(240_000);
  });

  it("writes a model repository of Triton's", async () => {
    const { code, out } = await cnnzoo('export', 'lenet5_relu', '--triton', at('models'));
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/^Wrote .*models.lenet5_relu: onnx, float32, 0\.2\d? MiB\.$/),
    });
    expect(readdirSync(at('models/lenet5_relu')).sort()).toEqual(['1', 'config.pbtxt', 'labels.txt']);
    for (const more of [
      ['--triton', at('models')],
      ['--triton', at('a'), '-o', at('b')],
      ['--triton', at('a'), '-f', 'state-dict'],
    ])
      expect((await cnnzoo('export', 'lenet5_relu', ...more)).code).toBe(1);
    expect(readdirSync(place)).toEqual(['models']);
  });

  it('leaves what is there, and tells before it reads weights', async () => {
    writeFileSync(at('mine.onnx'), 'mine');
    writeFileSync(at('other.txt'), 'mine');
    for (const [more, message] of [
      [['-o', at('mine.onnx')], /stays/],
      [['-f', 'graph-model', '-o', place], /empty/],
      [['-o', at('net.pb')], /'\.onnx'/],
      [['--dtype', 'uint8'], /float16/],
      [['-f', 'state-dict', '--dtype', 'uint8'], /float32/],
      [['--dtype', 'int8'], /--images/],
      [['-f', 'graph-model', '--dtype', 'int8'], /uint8/],
      [['-f', 'coreml'], /onnx/],
      [['-o', ''], /path/],
    ] as const) {
      const { code, err } = await cnnzoo('export', 'lenet5_relu', ...more);
      expect(code).not.toBe(0);
      expect(err).toMatch(message);
    }
    expect((await cnnzoo('export', 'lenet6')).err).toMatch(/lenet5/);
    expect(readdirSync(place).sort()).toEqual(['mine.onnx', 'other.txt']);
    expect(readFileSync(at('mine.onnx'), 'utf8')).toBe('mine');
  });
});
