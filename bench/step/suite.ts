import { nodeScript, pythonLacks, pythonScript } from '../harness/process.js';
import { type Peer, type Suite, timeRatio } from '../harness/suite.js';

const WORK = { forward: 'ResNet-50, one image', train: 'ResNet-18, a step on 8' } as const;

/** What computing costs today: see README.md. */
export async function stepSuite(): Promise<Suite> {
  const lacking = await pythonLacks('torch', 'torchvision');
  const peers: Peer[] = [];
  for (const [kind, work] of Object.entries(WORK)) {
    if (!lacking) peers.push({ name: `PyTorch: ${work}`, command: pythonScript('step/compute-pytorch.py', [kind]) });
    peers.push({ name: `cnnzoo, wasm: ${work}`, command: await nodeScript(`step/${kind}.ts`) });
  }
  return {
    title: 'Computing',
    notes: [
      'Images of 224 px, float32. Inference: the middle of ten after one. Training: the second step, SGD with momentum.',
    ],
    peers,
    ratios: Object.values(WORK).map((work) => timeRatio(`cnnzoo, wasm: ${work}`, `PyTorch: ${work}`)),
    skipped: lacking ? [`PyTorch: ${lacking}`] : [],
    close: async () => {},
  };
}
