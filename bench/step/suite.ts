import { availableParallelism } from 'node:os';
import { nodeScript, pythonLacks, pythonScript } from '../harness/process.js';
import { type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';

const WORK = { forward: 'ResNet-50, one image', train: 'ResNet-18, a step on 8' } as const;

/** Measures steps and forward passes on the default backend. See README.md. */
export async function stepSuite(): Promise<Suite> {
  const lacking = await pythonLacks('torch', 'torchvision');
  const peers: Peer[] = [];
  const ratios: Ratio[] = [];
  for (const [kind, work] of Object.entries(WORK)) {
    const ours = `cnnzoo, wasm: ${work}`;
    peers.push({ name: ours, command: await nodeScript(`step/${kind}.ts`) });
    if (lacking) continue;
    for (const threads of new Set([1, availableParallelism()])) {
      const name = `PyTorch, ${threads} thread${threads > 1 ? 's' : ''}: ${work}`;
      peers.push({ name, command: pythonScript('step/compute-pytorch.py', [kind, `${threads}`]) });
      ratios.push(timeRatio(ours, name));
    }
  }
  return {
    title: 'Computing',
    notes: [
      'Images of 224 px, float32. Inference: the middle of ten after one. Training: the second step, SGD with momentum.',
      'cnnzoo: the wasm backend with @cnnzoo/kernels, on all cores.',
    ],
    peers,
    ratios,
    skipped: lacking ? [`PyTorch: ${lacking}`] : [],
    close: async () => {},
  };
}
