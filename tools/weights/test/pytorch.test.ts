// A training begun here continues in PyTorch, and comes back: docs/scaling.md.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadStateDict, saveStateDict, stateDict, useBackend } from '@cnnzoo/core';
import { resnet20 } from '@cnnzoo/resnet';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Golden, logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticCheckpoint, syntheticImage } from '../../../test/harness/synthetic.js';
import { worstError } from '../src/compare.js';
import { type Member, members } from '../src/families.js';
import { hasTorch, runPython } from '../src/python.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

const missing = hasTorch() ? undefined : 'Python has no torch here; PYTHON names another interpreter';
const SEED = 'back/';

/** Returns the output of PyTorch's module for a net with the weights of a file, loaded strictly. */
const askStrict = (name: string, path: string, ...options: string[]): Golden =>
  JSON.parse(runPython('strict.py', [name, path, '--seed', SEED, ...options]));

describe('saveStateDict', () => {
  it.for(['lenet5_relu', 'nin_cifar', 'googlenet', 'resnet18'])(
    "%s: what it wrote loads strictly into PyTorch's module, which answers the same",
    async (name, context) => {
      if (missing) return context.skip(missing);
      const [{ definition }] = members([name]) as [Member];
      const path = join(directory, `${name}.safetensors`);
      const net = definition();
      await loadStateDict(net, syntheticCheckpoint(await stateDict(net), SEED));
      await saveStateDict(net, path);
      net.dispose();
      // The net here has the values as they were before they were written.
      expect(await worstError(definition, askStrict(name, path))).toBeLessThanOrEqual(PARITY);
    },
  );
});

/** Writes two folders of eight images each, dark and bright. */
async function twoClasses(): Promise<string> {
  const folder = join(directory, 'images');
  for (const [name, level] of Object.entries({ '2': 40, '10': 200 })) {
    mkdirSync(join(folder, name), { recursive: true });
    for (let i = 0; i < 8; i++) {
      const background = { r: level + i, g: level - i, b: level };
      await sharp({ create: { width: 40, height: 36, channels: 3, background } }).toFile(
        join(folder, name, `${i}.png`),
      );
    }
  }
  return folder;
}

it('a net goes on in two processes under torchrun, and comes back', async (context) => {
  if (missing) return context.skip(missing);
  const [begun, trained] = [join(directory, 'begun.safetensors'), join(directory, 'trained.safetensors')];
  const net = resnet20({ numClasses: 2, seed: 1 });
  await saveStateDict(net, begun);
  const said = runPython('-m', [
    ...['torch.distributed.run', '--standalone', '--nproc-per-node', '2', 'continue_training.py'],
    ...['resnet20', begun, await twoClasses(), trained],
    ...['--size', '32', '--epochs', '4', '--batch-size', '4', '--lr', '0.05'],
  ]);
  const losses = [...said.matchAll(/^epoch \d: loss ([\d.]+), processes 2$/gm)].map(([, loss]) => Number(loss));
  expect(losses.length, said).toBe(4);
  expect(losses.at(-1), said).toBeLessThan(losses[0]! / 2);

  await loadStateDict(net, trained);
  const [golden] = askStrict('resnet20', trained, '--classes', '2').cases;
  const larger = resnet20({ numClasses: 2, inputShape: [64, 64, 3] });
  await loadStateDict(larger, trained);
  const received = logitsOf(larger, syntheticImage(64, 64, 3, SEED), [64, 64, 3]);
  expect(relativeError(received, golden!.logits)).toBeLessThanOrEqual(PARITY);

  // '10' is the first class, as in imageFolder: a bright image.
  const answer = (level: number): number => {
    const logits = logitsOf(net, new Float32Array(32 * 32 * 3).fill(level), [32, 32, 3]);
    return logits.indexOf(Math.max(...logits));
  };
  expect([answer(-1.5), answer(1.5)]).toEqual([1, 0]);
  larger.dispose();
  net.dispose();
});
