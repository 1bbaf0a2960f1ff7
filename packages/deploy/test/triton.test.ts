// Model repositories of Triton. No server runs them here.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel, Classifier, conv, globalAvgPool, linear, seq, useBackend } from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { exportTriton } from '../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-triton-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});
const read = (...path: string[]): string => readFileSync(join(directory, ...path), 'utf8');

const small = (categories: string[]): Classifier =>
  new Classifier({
    model: buildModel('small', seq([conv(4, 3), globalAvgPool, linear(categories.length)]), [null, null, 3]),
    preprocessing: {
      resize: 32,
      crop: [32, 32],
      channels: 3,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      interpolation: 'bilinear',
    },
    categories,
  });

it('writes the file, the configuration with its names and dimensions, and the labels', async () => {
  const net = await lenet5_relu.pretrained();
  expect(await exportTriton(net, directory)).toBe(join(directory, 'lenet5_relu'));
  net.dispose();
  expect(read('lenet5_relu', 'config.pbtxt')).toBe(`name: "lenet5_relu"
platform: "onnxruntime_onnx"
max_batch_size: 16
input [
  {
    name: "images"
    data_type: TYPE_FP32
    dims: [ 1, 28, 28 ]
  }
]
output [
  {
    name: "logits"
    data_type: TYPE_FP32
    dims: [ 10 ]
    label_filename: "labels.txt"
  }
]
dynamic_batching { }
`);
  expect(read('lenet5_relu', 'labels.txt').split('\n')).toEqual([...'0123456789', '']);
  const session = await InferenceSession.create(join(directory, 'lenet5_relu/1/model.onnx'));
  expect([session.inputNames, session.outputNames]).toEqual([['images'], ['logits']]);
  await session.release();
});

it('leaves height and width open, has a line for each label, and takes a name, a type and a size of batches', async () => {
  const net = small(['a "b"\\\nc', 'ä']);
  await exportTriton(net, directory, { name: 'flowers.v2', dtype: 'float16', maxBatchSize: 4 });
  net.dispose();
  expect(read('flowers.v2', 'config.pbtxt')).toContain('max_batch_size: 4');
  expect(read('flowers.v2', 'config.pbtxt')).toContain('dims: [ 3, -1, -1 ]');
  expect(read('flowers.v2', 'labels.txt')).toBe('a "b"\\ c\nä\n');
});

/** Parses a configuration by the module that Triton's client was generated with from model_config.proto. */
const PARSE = `
import sys
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as m
c = text_format.Parse(open(sys.argv[1]).read(), m.ModelConfig())
print(c.name, c.platform, c.max_batch_size, c.HasField("dynamic_batching"),
      [(i.name, m.DataType.Name(i.data_type), list(i.dims)) for i in c.input],
      [(o.name, m.DataType.Name(o.data_type), list(o.dims), o.label_filename) for o in c.output])
`;
const python = process.env.PYTHON ?? 'python3';
const hasClient = (): boolean => {
  try {
    execFileSync(python, ['-c', 'import tritonclient.grpc.model_config_pb2'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

it("is a ModelConfig of Triton's schema", async (context) => {
  if (!hasClient()) return context.skip('Python has no tritonclient[grpc] here; PYTHON names another interpreter');
  const parse = (name: string): string =>
    execFileSync(python, ['-c', PARSE, join(directory, name, 'config.pbtxt')], { encoding: 'utf8' }).trim();
  expect(parse('lenet5_relu')).toBe(
    "lenet5_relu onnxruntime_onnx 16 True [('images', 'TYPE_FP32', [1, 28, 28])] [('logits', 'TYPE_FP32', [10], 'labels.txt')]",
  );
  expect(parse('flowers.v2')).toContain("flowers.v2 onnxruntime_onnx 4 True [('images', 'TYPE_FP32', [3, -1, -1])]");
});

it('overwrites nothing, and refuses names and sizes that are none', async () => {
  const net = small(['a', 'b']);
  const before = readdirSync(directory).sort();
  const refused: readonly [object, RegExp][] = [
    [{ name: 'flowers.v2' }, /config\.pbtxt|labels/],
    [{ name: '../up' }, /name/],
    [{ name: '.hidden' }, /name/],
    [{ maxBatchSize: 0 }, /maxBatchSize/],
    [{ maxBatchSize: 2 ** 31 }, /maxBatchSize/],
    [{ dtype: 'int4' }, /float16/],
    [{ opset: 18 }, /'opset'/],
  ];
  for (const [options, message] of refused)
    await expect(exportTriton(net, directory, options)).rejects.toMatchObject({
      name: 'CnnzooError',
      message: expect.stringMatching(message),
    });
  net.dispose();
  expect(readdirSync(directory).sort()).toEqual(before);
  expect(existsSync(join(directory, 'small'))).toBe(false);
});
