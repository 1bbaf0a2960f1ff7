// Checkpoints that others published load unchanged, and give the same logits as in PyTorch.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Classifier, cacheDirectory, loadStateDict, useBackend } from '@cnnzoo/core';
import { resnet20, resnet56 } from '@cnnzoo/resnet';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { logitsOf, PARITY, relativeError } from './harness/parity.js';
import { syntheticImage } from './harness/synthetic.js';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const archive = join(shared, 'data/cifar10-jpeg.tar.gz');

/*
 * Logits of two synthetic images by PyTorch 2.13, with ResNetCifar of tools/weights/torch/modules.py:
 *
 *   module = ResNetCifar(3, 10).eval()    # 9 for resnet56
 *   state = torch.load(path, weights_only=True)["state_dict"]
 *   module.load_state_dict({key.removeprefix("module.").replace("linear", "fc"): value for key, value in state.items()},
 *                          strict=False)
 *   module(synthetic.image(3, 32, 32, seed))
 */
const CASES = [
  {
    model: resnet20,
    file: 'resnet20-12fca82f.th',
    right: 804,
    logits: {
      '': [
        -9.544148445129395, -1.7036713361740112, 12.085052490234375, 3.387984275817871, 0.5832110047340393,
        -8.668411254882812, 10.15533447265625, -0.23376698791980743, -6.869379043579102, 0.8212084770202637,
      ],
      b: [
        -7.120779514312744, -0.1483953893184662, 9.80476188659668, 1.2156550884246826, -2.7732303142547607,
        -8.189850807189941, 12.11679458618164, -0.25706809759140015, -5.491062164306641, 0.8634127378463745,
      ],
    },
  },
  {
    model: resnet56,
    file: 'resnet56-4bfd9763.th',
    right: 825,
    logits: {
      '': [
        -6.1998162269592285, 2.3437633514404297, 7.796492576599121, 6.2017717361450195, -4.8891448974609375,
        -0.9518252015113831, 4.719287395477295, -1.968716025352478, -3.40685772895813, -3.629612445831299,
      ],
      b: [
        -7.904244899749756, 0.24768780171871185, 7.958451747894287, 5.93876838684082, -2.210005044937134,
        -1.8330844640731812, 5.3231892585754395, -3.230269432067871, -2.794025421142578, -1.472649097442627,
      ],
    },
  },
] as const;

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
beforeAll(async () => {
  await useBackend('wasm');
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const expectAnswers = (net: Classifier['model'], logits: Readonly<Record<string, readonly number[]>>) => {
  for (const [seed, expected] of Object.entries(logits)) {
    const received = logitsOf(net, syntheticImage(32, 32, 3, seed), [32, 32, 3]);
    expect(relativeError(received, expected)).toBeLessThanOrEqual(PARITY);
  }
};

describe.each(CASES)('$file', ({ model, file, logits, right }) => {
  const path = join(shared, 'checkpoints', file);
  const reason = existsSync(path) ? '' : ' (skipped: ../shared/checkpoints has no such file)';
  const how = { format: 'torch-legacy', key: 'state_dict', prefixes: ['module.'], renamed: { linear: 'fc' } };

  it.skipIf(reason)(`answers as in PyTorch, by its path${reason}`, async () => {
    const net = await model.pretrained({ weights: path });
    expect(net).toMatchObject({ weights: 'CIFAR10_AKAMASTER', preprocessing: { mean: [0.485, 0.456, 0.406] } });
    expect(net.loaded).toEqual({
      ...how,
      source: path,
      entry: 'CIFAR10_AKAMASTER',
      head: 'kept',
      fresh: [],
      ignored: ['best_prec1'],
    });
    expectAnswers(net.model, logits);
    net.dispose();
  });

  it.skipIf(reason)(`and by the name of its entry, out of the cache${reason}`, async () => {
    vi.stubEnv('CNNZOO_CACHE', directory);
    const folder = join(await cacheDirectory(), model.name);
    mkdirSync(folder, { recursive: true });
    copyFileSync(path, join(folder, file));
    const net = await model.pretrained({ weights: 'CIFAR10_AKAMASTER' });
    expect(net.loaded).toMatchObject({ ...how, head: 'kept' });
    expectAnswers(net.model, logits);
    net.dispose();
  });

  it.skipIf(reason)(`and by loadStateDict${reason}`, async () => {
    const net = model();
    expect(await loadStateDict(net, path)).toMatchObject(how);
    expectAnswers(net, logits);
    net.dispose();
  });

  const without = reason || (existsSync(archive) ? '' : ' (skipped: ../shared/data has no cifar10-jpeg.tar.gz)');
  it.skipIf(without)(`knows ${right} of the first 100 test images of each class${without}`, async () => {
    if (!existsSync(join(directory, 'test'))) execFileSync('tar', ['xzf', archive, '-C', directory, 'test']);
    const net = await model.pretrained({ weights: path });
    let count = 0;
    for (const [label, category] of net.categories!.entries()) {
      const folder = join(directory, 'test', category);
      const files = readdirSync(folder).sort().slice(0, 100);
      const x = await net.preprocess(files.map((name) => join(folder, name)));
      const classes = tf.tidy(() => tf.argMax(net.model.predict(x) as tf.Tensor, -1).dataSync());
      count += classes.filter((index) => index === label).length;
      x.dispose();
    }
    expect(count).toBe(right);
    net.dispose();
  });
});
