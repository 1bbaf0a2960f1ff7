import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lacking, nodeProgram, TFJS_NODE_ENV, tfjsNodeFolder } from '../harness/peers.js';
import { nodeScript, run } from '../harness/process.js';
import { type Peer, type Suite, timeRatio } from '../harness/suite.js';

const THREADS = availableParallelism();
const NODES = [22, 24] as const;

const STEP = 'ResNet-18, a step on 8';
const RESNET = 'ResNet-50, one image';
const VGG = 'VGG-16, one image';

const on = (node?: number): string => (node ? `, Node ${node}` : '');
const ours = (work: string, node?: number): string => `cnnzoo${on(node)}: ${work}`;
const onnx = (work: string, node?: number): string => `onnxruntime-web${on(node)}: ${work}`;
const tfjsNode = `tfjs-node: ${STEP}`;
const stock = `tfjs' wasm backend: ${RESNET}`;
const convolutions = (threads: number): string => `cnnzoo: convolutions, threads: ${threads}`;

/** Measures training and inference with the kernels. See README.md. */
export async function kernelsSuite(): Promise<Suite> {
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const skipped: string[] = [];
    return {
      title: 'Kernels',
      notes: [
        'Images of 224 px, float32, all cores. The least of 8 steps or 15 inferences, after two.',
        'convolutions: each kind that ResNet-18, ResNet-50 and VGG-16 have, on 8 images, forward and both gradients.',
      ],
      peers: await peers(folder, skipped),
      ratios: [
        timeRatio(ours(STEP), tfjsNode, 0.95),
        timeRatio(ours(RESNET), onnx(RESNET), 0.75),
        timeRatio(ours(RESNET), stock, 0.42),
        timeRatio(ours(VGG), onnx(VGG), 0.5),
        // At least 1.8 times as fast.
        timeRatio(convolutions(2), convolutions(1), 0.556),
        ...NODES.flatMap((node) => [
          timeRatio(ours(STEP, node), tfjsNode, 0.95),
          timeRatio(ours(RESNET, node), onnx(RESNET, node), 0.75),
        ]),
      ],
      skipped,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the available peers. `skipped` receives the reasons for the others. */
async function peers(folder: string, skipped: string[]): Promise<Peer[]> {
  await run(await nodeScript('kernels/onnx-nets.ts', [folder]));
  const step = await nodeScript('kernels/train-step.ts');
  const inference = (net: string, kernels: string) => nodeScript('kernels/inference.ts', [net, kernels]);
  const runtime = (net: string) => nodeScript('kernels/inference-onnx.ts', [join(folder, `${net}.onnx`), `${THREADS}`]);
  const resnet = await inference('resnet50', 'kernels');
  const onnxResnet = await runtime('resnet50');
  const layers = await nodeScript('kernels/convolutions.ts');

  const all: Peer[] = [{ name: ours(STEP), command: step }];
  const native = tfjsNodeFolder();
  if (native instanceof Lacking) skipped.push(`tfjs-node: ${native.message}`);
  else
    all.push({
      name: tfjsNode,
      command: { ...(await nodeScript('kernels/train-tfjs-node.ts', [native])), env: TFJS_NODE_ENV },
    });
  all.push(
    { name: ours(RESNET), command: resnet },
    { name: onnx(RESNET), command: onnxResnet },
    { name: stock, command: await inference('resnet50', 'stock') },
    { name: ours(VGG), command: await inference('vgg16', 'kernels') },
    { name: onnx(VGG), command: await runtime('vgg16') },
  );
  if (THREADS < 2) skipped.push('convolutions on two threads: this process may use one core');
  else
    for (const threads of [1, 2])
      all.push({ name: convolutions(threads), command: { ...layers, env: { CNNZOO_THREADS: `${threads}` } } });
  for (const node of NODES) {
    const program = await nodeProgram(node);
    if (program instanceof Lacking) skipped.push(`Node ${node}: ${program.message}`);
    else
      all.push(
        { name: ours(STEP, node), command: { ...step, program } },
        { name: ours(RESNET, node), command: { ...resnet, program } },
        { name: onnx(RESNET, node), command: { ...onnxResnet, program } },
      );
  }
  return all;
}
