import { availableParallelism } from 'node:os';
import { Lacking, nodeProgram } from '../harness/peers.js';
import { nodeScript, pythonLacks, pythonScript } from '../harness/process.js';
import { type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';

/** Version of Node that also runs, and the most that its training step may take of PyTorch's time. */
const NODE = 24;
const GOAL = 1.25;

const WORK = {
  forward: { name: 'ResNet-50, one image', script: 'step/forward.ts' },
  train: { name: 'ResNet-18, a step on 8', script: 'kernels/train-step.ts' },
} as const;

/** Measures steps and forward passes on the default backend. See README.md. */
export async function stepSuite(): Promise<Suite> {
  const lacking = await pythonLacks('torch', 'torchvision');
  const peers: Peer[] = [];
  const ratios: Ratio[] = [];
  const skipped = lacking ? [`PyTorch: ${lacking}`] : [];
  const program = await nodeProgram(NODE);
  if (program instanceof Lacking) skipped.push(`Node ${NODE}: ${program.message}`);
  for (const [kind, { name: work, script }] of Object.entries(WORK)) {
    const ours = `cnnzoo, wasm: ${work}`;
    const newer = `cnnzoo, wasm, Node ${NODE}: ${work}`;
    const command = await nodeScript(script);
    peers.push({ name: ours, command });
    if (!(program instanceof Lacking)) peers.push({ name: newer, command: { ...command, program } });
    if (lacking) continue;
    for (const threads of new Set([1, availableParallelism()])) {
      const name = `PyTorch, ${threads} thread${threads > 1 ? 's' : ''}: ${work}`;
      peers.push({ name, command: pythonScript('step/compute-pytorch.py', [kind, `${threads}`]) });
      const goal = kind === 'train' && threads > 1 ? GOAL : undefined;
      ratios.push(timeRatio(ours, name), timeRatio(newer, name, goal));
    }
  }
  return {
    title: 'Computing',
    notes: [
      'Images of 224 px, float32. Inference: the middle of ten after one. Training: the least of 8 steps after two, SGD with momentum.',
      'cnnzoo: the wasm backend with @cnnzoo/kernels, on all cores.',
    ],
    peers,
    ratios,
    skipped,
    close: async () => {},
  };
}
