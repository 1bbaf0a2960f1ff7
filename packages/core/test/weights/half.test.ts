// Weights that are stored as float16.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lenet5_relu } from '@cnnzoo/lenet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { load, loadStateDict, readStateDict, saveStateDict, stateDict, useBackend } from '../../src/index.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-half-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('cpu');
});

it('a state dict takes half the bytes, and its values are the nearest of 11 bits', async () => {
  const net = lenet5_relu({ seed: 1 });
  const [whole, half] = ['whole', 'half'].map((name) => join(directory, `${name}.safetensors`)) as [string, string];
  await saveStateDict(net, whole);
  await saveStateDict(net, half, { dtype: 'float16', metadata: { made: 'here' } });
  const [full, narrow] = [statSync(whole).size, statSync(half).size];
  expect(narrow).toBeLessThan(0.51 * full);
  const state = await stateDict(net);
  for (const [key, { data }] of await readStateDict(half))
    for (const [i, value] of (data as Float32Array).entries()) {
      const exact = state.get(key)!.data[i] as number;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(Math.max(Math.abs(exact) * 2 ** -11, 2 ** -25));
    }
  await loadStateDict(net, half);
  net.dispose();
});

it('a saved classifier comes back with float32 weights, which save and load keep', async () => {
  const net = await lenet5_relu.pretrained();
  await net.save(join(directory, 'net'), { dtype: 'float16' });
  net.dispose();
  const first = await load(join(directory, 'net'));
  const values = await stateDict(first);
  await first.save(join(directory, 'again'), { dtype: 'float16' });
  first.dispose();
  const second = await load(join(directory, 'again'));
  expect(await stateDict(second)).toEqual(values);
  second.dispose();
});

it('what float16 can not hold, other types and unknown options are refused, and leave no file', async () => {
  const net = lenet5_relu({ seed: 1 });
  const state = await stateDict(net);
  state.get('0.weight')!.data[3] = 7e4;
  await loadStateDict(net, state);
  const path = join(directory, 'refused.safetensors');
  const narrow = { dtype: 'float16' } as const;
  await expect(saveStateDict(net, path, narrow)).rejects.toThrow(/'0\.weight' has the value 70000/);
  for (const options of [{ dtype: 'int4' }, { made: 'here' }, 'float16', { metadata: { epoch: 3 } }])
    await expect(saveStateDict(net, path, options as never)).rejects.toMatchObject({ code: 'INPUT' });
  expect(readdirSync(directory)).not.toContain('refused.safetensors');
  await saveStateDict(net, path);
  net.dispose();
});
