import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeScript, pythonLacks, pythonScript, run } from '../harness/process.js';
import { type Peer, type Suite, timeRatio } from '../harness/suite.js';

const PEER = 'Pillow + torchvision';

/** Measures the way from a photograph's file to the net's input. See README.md. */
export async function imageSuite(): Promise<Suite> {
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const close = () => rm(folder, { recursive: true, force: true });
  try {
    const photo = join(folder, 'photo.jpg');
    await run(await nodeScript('image/make-photo.ts', [photo]));
    const lacking = await pythonLacks('torch', 'torchvision', 'PIL');
    const peers: Peer[] = lacking
      ? []
      : [{ name: PEER, command: pythonScript('image/preprocess-torchvision.py', [photo]) }];
    for (const codec of ['sharp', 'wasm'])
      peers.push({ name: `cnnzoo, ${codec}`, command: await nodeScript('image/preprocess.ts', [photo, codec]) });
    return {
      title: 'From a JPEG of 4000 x 3000 pixels to the input of ResNet-50',
      notes: ['Decode, resize to 232, crop 224, normalise; the middle of five after one.'],
      peers,
      ratios: [timeRatio('cnnzoo, sharp', PEER), timeRatio('cnnzoo, wasm', PEER)],
      skipped: lacking ? [`${PEER}: ${lacking}`] : [],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
