import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Command, nodeScript, pythonLacks, pythonScript, run } from '../harness/process.js';
import { type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';

const EMPTY = 'empty process with tfjs';

/** Measures loading ResNet-50. See README.md. */
export async function loadSuite(): Promise<Suite> {
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  try {
    return await prepare(folder);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function prepare(folder: string): Promise<Suite> {
  const safetensors = lastLine(await run(await nodeScript('load-resnet50/prepare.ts', [folder])));
  const stock = join(folder, 'tfjs');
  const lacking = await pythonLacks('torch', 'torchvision');
  const written = lacking ? [] : lines(await run(pythonScript('load-resnet50/checkpoint.py', [folder])));

  const torch: Peer[] = [];
  for (const [i, path] of written.entries()) {
    const kind = ['.pth', 'legacy .pth'][i];
    torch.push(
      { name: `PyTorch, ${kind}`, command: pythonScript('load-resnet50/load-pytorch.py', [path]) },
      { name: `cnnzoo, ${kind}`, command: await nodeScript('load-resnet50/cnnzoo-cold.ts', [path]) },
    );
  }
  const cached = written[0] ?? safetensors;
  const peers: Peer[] = [
    { name: EMPTY, command: await nodeScript('load-resnet50/empty.ts') },
    ...torch,
    { name: 'cnnzoo, safetensors', command: await nodeScript('load-resnet50/cnnzoo-cold.ts', [safetensors]) },
    { name: 'tf.loadLayersModel, hashed', command: await nodeScript('load-resnet50/tfjs.ts', [stock, 'hash']) },
    { name: 'cnnzoo, cache', command: await fillCache(folder, cached) },
    { name: 'tf.loadLayersModel, not hashed', command: await nodeScript('load-resnet50/tfjs.ts', [stock, 'trust']) },
  ];
  const { size } = await stat(cached);
  const memory = (name: string): Ratio => ({
    title: `${name}: peak memory above the empty process / file`,
    of: [name, EMPTY],
    value: (round) => (round[name]!.peak - round[EMPTY]!.peak) / size,
    goal: 2.2,
  });
  return {
    title: 'Loading ResNet-50',
    notes: [
      'From "modules imported, backend ready" to "net ready"; all files in the page cache. Both sides build the net, hash',
      `the files and load. What is in the cache came as ${lacking ? 'safetensors' : '.pth'}.`,
    ],
    peers,
    ratios: [
      timeRatio('cnnzoo, .pth', 'PyTorch, .pth', 1.5),
      timeRatio('cnnzoo, legacy .pth', 'PyTorch, legacy .pth', 1.5),
      timeRatio('cnnzoo, cache', 'tf.loadLayersModel, hashed', 0.5),
      timeRatio('cnnzoo, cache', 'tf.loadLayersModel, not hashed'),
      memory('cnnzoo, .pth'),
      memory('cnnzoo, legacy .pth'),
      memory('cnnzoo, cache'),
    ],
    skipped: lacking ? [`PyTorch: ${lacking}`] : [],
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

const lines = (text: string): string[] => text.trim().split('\n');
const lastLine = (text: string): string => lines(text).at(-1)!;

/** Downloads the checkpoint once into a cache of this run's own, from a server that then stops. */
async function fillCache(folder: string, checkpoint: string): Promise<Command> {
  const server = createServer((_, response) => {
    createReadStream(checkpoint).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/${basename(checkpoint)}`;
    const command = await nodeScript('load-resnet50/cnnzoo-cached.ts', [url]);
    const cached = { ...command, env: { CNNZOO_CACHE: join(folder, 'cache'), CNNZOO_MIRROR: '' } };
    await run(cached);
    return cached;
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
