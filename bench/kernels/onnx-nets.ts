/** Writes ResNet-50 (with BatchNorm, as torchvision exports it) and VGG-16 as ONNX files into the folder argv[2]. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxGraph } from './onnx-graph.js';

function resnet50(): Uint8Array {
  const graph = new OnnxGraph();
  const convBatchNorm = (x: string, inputs: number, outputs: number, kernel: number, stride = 1) =>
    graph.batchNorm(graph.conv(x, [inputs, outputs], kernel, { stride }), outputs);
  let x = graph.maxPool(graph.relu(convBatchNorm('image', 3, 64, 7, 2)), 3, 2, 1);
  let channels = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries())
    for (let block = 0; block < blocks; block++) {
      const width = 64 * 2 ** stage;
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const first = graph.relu(convBatchNorm(x, channels, width, 1));
      const second = graph.relu(convBatchNorm(first, width, width, 3, stride));
      const third = convBatchNorm(second, width, width * 4, 1);
      const shortcut = block === 0 ? convBatchNorm(x, channels, width * 4, 1, stride) : x;
      x = graph.relu(graph.add(third, shortcut));
      channels = width * 4;
    }
  return graph.finish(graph.linear(graph.flatten(graph.globalAvgPool(x)), channels, 1000));
}

function vgg16(): Uint8Array {
  const graph = new OnnxGraph();
  let x = 'image';
  let channels = 3;
  for (const [depth, outputs] of [
    [2, 64],
    [2, 128],
    [3, 256],
    [3, 512],
    [3, 512],
  ] as const) {
    for (let i = 0; i < depth; i++) {
      x = graph.relu(graph.conv(x, [channels, outputs], 3, { bias: true }));
      channels = outputs;
    }
    x = graph.maxPool(x, 2, 2, 0);
  }
  x = graph.relu(graph.linear(graph.flatten(x), 7 * 7 * channels, 4096));
  x = graph.relu(graph.linear(x, 4096, 4096));
  return graph.finish(graph.linear(x, 4096, 1000));
}

const folder = process.argv[2]!;
await writeFile(join(folder, 'resnet50.onnx'), resnet50());
await writeFile(join(folder, 'vgg16.onnx'), vgg16());
