import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeScript, pythonLacks, pythonScript, run } from '../harness/process.js';
import { type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';

const MODELS = ['resnet18', 'resnet50', 'googlenet'] as const;
const RUNTIMES = ['onnxruntime-node', 'onnxruntime-web'] as const;

/** Measures sessions against onnxruntime alone on torchvision's own exports. See README.md. */
export async function deploySuite(): Promise<Suite> {
  const lacking = await pythonLacks('torch', 'torchvision', 'onnx');
  const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const peers: Peer[] = [];
  const ratios: Ratio[] = [];
  for (const model of MODELS) {
    const file = join(directory, `${model}.onnx`);
    if (!lacking) await run(pythonScript('deploy/export_torchvision.py', [model, file]));
    for (const engine of RUNTIMES) {
      const ours = `session, ${engine}: ${model}`;
      peers.push({ name: ours, command: await nodeScript('deploy/session.ts', [model, engine]) });
      if (lacking) continue;
      const plain = `${engine} alone: torchvision's ${model}`;
      peers.push({ name: plain, command: await nodeScript('deploy/plain.ts', [file, engine]) });
      ratios.push(timeRatio(ours, plain));
    }
    peers.push({ name: `session, tfjs: ${model}`, command: await nodeScript('deploy/session.ts', [model, 'tfjs']) });
  }
  return {
    title: 'Sessions',
    notes: [
      'One image of 224 px, float32, random weights: the least of 20 inferences after two. All engines on all cores.',
      "session: createSession of @cnnzoo/deploy. alone: the runtime itself on the file of torch's exporter.",
    ],
    peers,
    ratios,
    skipped: lacking ? [`onnxruntime alone: ${lacking}`] : [],
    close: () => rm(directory, { recursive: true }),
  };
}
