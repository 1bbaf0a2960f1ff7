/** Writes the net argv[2], with random weights, into the folder argv[3]: graphs of float32 and int8, and ONNX files of both. */
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/core';
import { exportOnnx, quantize, saveGraph, saveQuantized } from '@cnnzoo/deploy';
import { getModel } from 'cnnzoo';

const [, , name, folder] = process.argv;
await useBackend('wasm');
const net = getModel(name!)({ inputShape: [224, 224, 3] });
await saveGraph(net, join(folder!, 'float32.safetensors'));
await exportOnnx(net, join(folder!, 'float32.onnx'));
const shape = [2, 224, 224, 3] as const;
const values = Float32Array.from({ length: 2 * 224 * 224 * 3 }, (_, i) => Math.sin(i * 0.37) * 2);
const { graph } = await quantize(net, { values, shape: [...shape] });
await saveQuantized(graph, join(folder!, 'int8.safetensors'));
await exportOnnx(graph, join(folder!, 'int8.onnx'));
process.exit(0);
