import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openTensors, readStateDict, stateDict, useBackend } from '@cnnzoo/core';
import { parseMirrorIndex } from '@cnnzoo/core/internal';
import { lenet5, lenet5_relu } from '@cnnzoo/lenet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectState, fixturePath } from '../../../packages/core/test/formats/fixtures.js';
import { type Golden, PARITY } from '../../../test/harness/parity.js';
import { syntheticCheckpoint } from '../../../test/harness/synthetic.js';
import { worstError } from '../src/compare.js';
import { type Member, members } from '../src/families.js';
import { askPython, goldenPath, parseGolden, readGolden, sizesOf } from '../src/goldens.js';
import { makeMirror } from '../src/mirror.js';
import { portFile, rewrite, sha256Of } from '../src/port-file.js';
import { hasTorch, runPython } from '../src/python.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

/** Builds a checkpoint of lenet5 in memory. */
async function checkpoint() {
  const net = lenet5();
  const state = syntheticCheckpoint(await stateDict(net), 'tools');
  net.dispose();
  return openTensors(state);
}

describe('port', () => {
  it('writes the values of the source, and says whose they are', async () => {
    const source = await checkpoint();
    const path = join(directory, 'lenet5.safetensors');
    const ported = await portFile(source, lenet5, 'MNIST_V1', path);
    expect(ported).toMatchObject({ identical: true, error: 0, path, sha256: await sha256Of(path) });
    const file = await openTensors(path);
    expect({ ...file.metadata }).toEqual({ 'cnnzoo.model': 'lenet5', 'cnnzoo.weights': 'MNIST_V1' });
    await file.close();
  });

  it('makes halves where asked, and keeps them without being asked', async () => {
    const path = join(directory, 'half.safetensors');
    const half = await portFile(await checkpoint(), lenet5, 'MNIST_V1', path, { dtype: 'float16' });
    expect(half.identical).toBe(false);
    // Half precision has 11 significant bits, and each of the five layers loses a little.
    expect(half.error).toBeGreaterThan(0);
    expect(half.error).toBeLessThan(5 * 2 ** -11);
    expect(half.bytes).toBeLessThan(61706 * 2 + 2000);
    const source = await openTensors(path);
    const again = await portFile(source, lenet5, 'MNIST_V1', join(directory, 'again.safetensors'));
    await source.close();
    expect(again).toMatchObject({ identical: true, bytes: half.bytes });
  });

  it('quarters the size as int8, by half a level of a channel', async () => {
    const path = join(directory, 'int8.safetensors');
    const int8 = await portFile(await checkpoint(), lenet5, 'MNIST_V1', path, { dtype: 'int8' });
    expect(int8.identical).toBe(false);
    // Eight significant bits of the largest weight of a channel, in five layers.
    expect(int8.error).toBeGreaterThan(0);
    expect(int8.error).toBeLessThan(5 * 2 ** -8);
    expect(int8.bytes).toBeLessThan(61706 + 236 * 8 + 2500);
  });

  it.each(['net.zip.pth', 'net.legacy.pth', 'half.zip.pth', 'half.legacy.pth', 'types.zip.pth', 'types.legacy.pth'])(
    'keeps every bit of %s, which torch wrote',
    async (name) => {
      const path = join(directory, `${name}.safetensors`);
      const source = await openTensors(fixturePath(name));
      expect(await rewrite(source, path, {})).toBe(true);
      await source.close();
      expectState(await readStateDict(path), name.split('.')[0]!);
    },
  );

  it('refuses a checkpoint of another net', async () => {
    const state = await readStateDict(join(directory, 'lenet5.safetensors'));
    state.delete('11.bias');
    const path = join(directory, 'wrong.safetensors');
    await expect(portFile(await openTensors(state), lenet5, 'MNIST_V1', path)).rejects.toThrow(/11\.bias/);
  });

  it('makes a mirror with its index', async () => {
    const failures: unknown[] = [];
    const mirror = join(directory, 'mirror');
    const count = await makeMirror(mirror, members(['lenet5', 'lenet5_relu']), {
      done: () => {},
      failed: (...failure) => failures.push(failure),
    });
    expect([count, failures]).toEqual([0, []]);
    const { files } = parseMirrorIndex(readFileSync(join(mirror, 'index.json'), 'utf8'), 'index');
    expect(Object.keys(files).sort()).toEqual(['lenet5/MNIST_V1.safetensors', 'lenet5_relu/MNIST_V1.safetensors']);
    for (const [path, { sha256 }] of Object.entries(files)) expect(await sha256Of(join(mirror, path))).toBe(sha256);
  });

  it('as a command: paths from where it was called, and clear faults', () => {
    const script = fileURLToPath(new URL('../src/port.ts', import.meta.url));
    // Runs the tool as pnpm does: in the directory of the package, with the user's directory in INIT_CWD.
    const port = (...args: string[]) =>
      spawnSync(process.execPath, ['--import', 'tsx', script, ...args], {
        cwd: fileURLToPath(new URL('..', import.meta.url)),
        env: { ...process.env, INIT_CWD: directory },
        encoding: 'utf8',
      });
    const source = 'lenet5.safetensors';
    const out = join(directory, 'out.safetensors');
    const good = port(source, '--model', 'lenet5', '--out', 'out.safetensors');
    expect(good.stderr).toBe('');
    expect(good.stdout).toContain('values identical to the source; max|difference| / max|logit| 0.0e+0');
    expect(good.status).toBe(0);
    expect(existsSync(out)).toBe(true);
    for (const dtype of ['float16', 'int8'])
      expect(port(out, '--dtype', dtype).stdout).toContain(`lenet5-MNIST_V1-${dtype}.safetensors`);
    expect(port(out, '--dtype', 'int4').stderr).toMatch(/float16, int8/);
    expect(port('--all', directory, '--dtype', 'int8').stderr).toMatch(/a mirror holds the weights as published/);
    const nobody = port(fixturePath('net.zip.pth'), '--out', 'none.safetensors');
    expect(nobody.status).toBe(1);
    expect(nobody.stderr).toMatch(/is not a published file .*--model NAME/);
    expect(existsSync(join(directory, 'none.safetensors'))).toBe(false);
    expect(port('none.pth').stderr).toBe(`There is no file '${join(realpathSync(directory), 'none.pth')}'.\n`);
    expect(port(directory).stderr).toMatch(/^Can't open .* it is a directory\. Name a file\.\n$/);
    const unknown = port('lenet7');
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(/^There is no model 'lenet7'\. Expected alexnet, .*\n$/);
  });
});

describe('parity', () => {
  it('has a golden for every model, at the sizes of the tool', () => {
    for (const { family, name, definition } of members()) {
      const golden = readGolden(family, name);
      expect(
        golden?.cases.map(({ height, width }) => [height, width]),
        name,
      ).toEqual(sizesOf(definition));
    }
  });

  it('sees a difference where there is one', async () => {
    const golden = readGolden('lenet', 'lenet5_relu')!;
    expect(await worstError(lenet5_relu, golden)).toBeLessThanOrEqual(PARITY);
    expect(await worstError(lenet5_relu, { ...golden, seed: 'another' })).toBeGreaterThan(0.01);
  });
});

describe('with PyTorch', () => {
  const missing = hasTorch() ? undefined : 'Python has no torch here; PYTHON names another interpreter';

  it('the goldens are what it says today', (context) => {
    if (missing) return context.skip(missing);
    const committed = JSON.parse(readFileSync(goldenPath('lenet', 'lenet5'), 'utf8'));
    const now = JSON.parse(askPython('lenet5', sizesOf(lenet5)));
    for (const [i, { logits, largest }] of now.cases.entries())
      for (const [j, logit] of logits.entries())
        expect(Math.abs(logit - committed.cases[i].logits[j]) / largest).toBeLessThanOrEqual(PARITY);
  });

  it.for(['lenet5', 'lenet5_relu', 'resnet18'])(
    '%s: a checkpoint it wrote answers the same, ported too',
    async (name, context) => {
      if (missing) return context.skip(missing);
      const [{ definition }] = members([name]) as [Member];
      const [height, width] = sizesOf(definition)[0]!;
      const goldens: Record<string, Golden> = JSON.parse(
        runPython('checkpoints.py', [name, `${height}x${width}`, directory, '--seed', String(Date.now())]),
      );
      for (const [type, golden] of Object.entries(goldens))
        for (const container of ['zip', 'legacy']) {
          const path = join(directory, `${type}.${container}.pth`);
          expect(await worstError(definition, golden, path), path).toBeLessThanOrEqual(PARITY);
          const source = await openTensors(path);
          const ported = await portFile(source, definition, definition.weights.DEFAULT!.name, `${path}.safetensors`);
          await source.close();
          expect(ported).toMatchObject({ identical: true, error: 0 });
          expect(await worstError(definition, golden, ported.path), ported.path).toBeLessThanOrEqual(PARITY);
        }
    },
  );

  it.for(['lenet5', 'lenet5_relu'])(
    '%s: our weights load strictly into its nn.Sequential, which answers the same',
    async (name, context) => {
      if (missing) return context.skip(missing);
      const [{ definition }] = members([name]) as [Member];
      const file = fileURLToPath(new URL(`../../../packages/lenet/weights/${name}.safetensors`, import.meta.url));
      const golden: Golden = JSON.parse(runPython('strict.py', [name, file]));
      expect(await worstError(definition, golden, file)).toBeLessThanOrEqual(PARITY);
    },
  );
});

describe('a golden', () => {
  const whole = { model: 'm', seed: '', torch: '2', torchvision: '0', cases: [] as unknown[] };
  const one = { height: 8, width: 9, classes: 2, largest: 1, logits: [1, -1] };

  it('of every member of the families is whole', () => {
    for (const { family, name } of members([])) readGolden(family, name);
  });

  it.each<[string, string]>([
    ['half of its text', JSON.stringify(whole).slice(0, 20)],
    ['no case', JSON.stringify(whole)],
    ['a case without logits', JSON.stringify({ ...whole, cases: [{ ...one, logits: undefined }] })],
    ['logits that are not numbers', JSON.stringify({ ...whole, cases: [{ ...one, logits: [null] }] })],
    ['half a pixel', JSON.stringify({ ...whole, cases: [{ ...one, height: 0.5 }] })],
  ])('with %s is refused', (_, text) => {
    expect(parseGolden(JSON.stringify({ ...whole, cases: [one] }), 'm.json').cases).toEqual([one]);
    expect(() => parseGolden(text, 'm.json')).toThrow(/m\.json: expected a golden/);
  });
});
