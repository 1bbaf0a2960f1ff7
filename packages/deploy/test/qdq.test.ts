// The ONNX file of a quantized graph: pairs of QuantizeLinear and DequantizeLinear that onnxruntime computes in integers.
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { loadStateDict, type ModelDefinition, stateDict, useBackend } from '@cnnzoo/core';
import { googlenet } from '@cnnzoo/googlenet';
import { lenet5_relu } from '@cnnzoo/lenet';
import { nin_cifar } from '@cnnzoo/nin';
import { resnet18 } from '@cnnzoo/resnet';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { InferenceSession } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, uniform } from '../../../test/harness/synthetic.js';
import { exportGraphModel, exportOnnx, exportTriton, type QuantizedGraph, quantize } from '../src/index.js';
import { TensorProto_DataType as DataType, ModelProtoSchema } from '../src/onnx/onnx-schema.js';
import { OnnxSession } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-qdq-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});
const at = (name: string): string => join(directory, name);

/** Builds a net with synthetic weights, and images for it. */
async function netOf(definition: ModelDefinition<never>, size: number, images: number) {
  const shape = [size, size, definition.inputShape[2]] as const;
  const net: LayersModel = (definition as unknown as ModelDefinition)({ inputShape: [...shape] });
  await loadStateDict(net, syntheticCheckpoint(await stateDict(net)));
  const values = uniform('images', images * size * size * shape[2], -2, 2);
  return { net, images: { values, shape: [images, ...shape] as const } };
}

/** Returns the numbers of operators in a file after onnxruntime's optimization. */
async function operatorsOf(file: string): Promise<Record<string, number>> {
  const optimized = `${file}.optimized`;
  const session = await InferenceSession.create(file, { optimizedModelFilePath: optimized, logSeverityLevel: 3 });
  await session.release();
  const counts: Record<string, number> = {};
  for (const { opType } of fromBinary(ModelProtoSchema, readFileSync(optimized)).graph!.node)
    counts[opType] = (counts[opType] ?? 0) + 1;
  rmSync(optimized);
  return counts;
}

describe('onnxruntime computes in integers', () => {
  it.each([
    ['resnet18', resnet18, 64, { QLinearConv: 20, QLinearAdd: 8, QLinearGlobalAveragePool: 1, QGemm: 1 }],
    ['googlenet', googlenet, 64, { QLinearConv: 57, QLinearConcat: 9, QLinearGlobalAveragePool: 1, QGemm: 1 }],
    ['nin_cifar', nin_cifar, 32, { QLinearConv: 9, QLinearAveragePool: 1 }],
  ])('%s', async (name, definition, size, expected) => {
    const { net, images } = await netOf(definition as unknown as ModelDefinition<never>, size, 4);
    const { graph, report } = await quantize(net, images);
    net.dispose();
    const file = at(`${name}.onnx`);
    await exportOnnx(graph, file);
    const operators = await operatorsOf(file);
    expect(operators).toMatchObject(expected);
    expect(Object.keys(operators)).not.toContain('Conv');
    expect(Object.keys(operators)).not.toContain('Gemm');
    expect(Object.keys(operators)).not.toContain('Relu');
    expect(statSync(file).size).toBeLessThan(report.bytes.int8 * 1.1 + 100_000);
  });
});

/** Reads a file's initializers by their types. */
function typesOf(file: string): Record<string, number> {
  const types: Record<string, number> = {};
  for (const { dataType } of fromBinary(ModelProtoSchema, readFileSync(file)).graph!.initializer)
    types[DataType[dataType]!] = (types[DataType[dataType]!] ?? 0) + 1;
  return types;
}

describe('a quantized graph', () => {
  let graph: QuantizedGraph;
  let images: Awaited<ReturnType<typeof netOf>>['images'];
  beforeAll(async () => {
    const made = await netOf(nin_cifar as unknown as ModelDefinition<never>, 32, 3);
    ({ images } = made);
    ({ graph } = await quantize(made.net, images));
    made.net.dispose();
  });

  it('is written in 8 bits, in float32 or in float16', async () => {
    const logits: Float32Array[] = [];
    for (const dtype of [undefined, 'float32', 'float16'] as const) {
      const file = at(`nin-${dtype}.onnx`);
      await exportOnnx(graph, file, { dtype });
      const session = await OnnxSession.open(file);
      logits.push((await session.run(images.values, images.shape))[0]!);
      await session.close();
      const { FLOAT = 0, FLOAT16 = 0, INT32 = 0, UINT8 = 0 } = typesOf(file);
      expect({ FLOAT, FLOAT16, INT32, UINT8 }).toMatchObject(
        dtype === undefined
          ? { INT32: 9, FLOAT16: 0 }
          : dtype === 'float32'
            ? { FLOAT: 18, FLOAT16: 0, INT32: 0, UINT8: 0 }
            : { FLOAT16: 18, INT32: 0, UINT8: 0 },
      );
    }
    const [int8, float32, float16] = logits as [Float32Array, Float32Array, Float32Array];
    expect(relativeError(float16, float32)).toBeLessThan(0.01);
    expect(relativeError(int8, float32)).toBeLessThan(0.05);
    expect(relativeError(int8, float32)).toBeGreaterThan(1e-5);
  });

  it("is a model of Triton's, and none of TensorFlow.js", async () => {
    const directory = await exportTriton(graph, at('models'));
    expect(typesOf(join(directory, '1', 'model.onnx')).INT32).toBe(9);
    await expect(exportGraphModel(graph as never, at('graph-model'))).rejects.toThrow(/computes nothing in 8 bits/);
  });

  it.each([18, 21, 23])('has the logits of 18 in opset %d', async (opset) => {
    const file = at(`opset-${opset}.onnx`);
    await exportOnnx(graph, file, { opset });
    const session = await InferenceSession.create(file, { logSeverityLevel: 3 });
    expect(session.outputNames).toEqual(['logits']);
    await session.release();
  });

  it('is needed for int8', async () => {
    const { net } = await netOf(lenet5_relu as unknown as ModelDefinition<never>, 28, 1);
    await expect(exportOnnx(net, at('net.onnx'), { dtype: 'int8' })).rejects.toThrow(/quantize\(net, images\)/);
    await expect(exportTriton(net, at('net'), { dtype: 'int8' })).rejects.toThrow(/quantize\(net, images\)/);
    net.dispose();
  });
});
