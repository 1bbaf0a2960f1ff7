import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openTensors } from '../../src/checkpoint/open-tensors.js';
import { encodeSafetensors } from '../../src/checkpoint/write.js';
import { listCache, verifyCache } from '../../src/download/cache-api.js';
import { readStateDict, type StateDict, useBackend } from '../../src/index.js';
import { loadTensors } from '../../src/state-dict/load.js';
import { sha256 } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();
const warnings = vi.spyOn(console, 'warn').mockImplementation(() => undefined);

/** Floats of every bit pattern there is, near enough: also those that are no numbers. */
const bits = (size: number, seed: number): Float32Array =>
  new Float32Array(Uint32Array.from({ length: size }, (_, i) => Math.imul(i + seed, 0x9e3779b1)).buffer);

const SHAPES: Record<string, number[]> = {
  'conv.weight': [13, 5, 3, 2],
  'conv.bias': [13],
  'large.weight': [72, 64, 3, 3],
  'fc.weight': [10, 13],
  'fc.bias': [10],
  scale: [],
};

const state: StateDict = new Map(
  Object.entries(SHAPES).map(([key, shape], i) => {
    const size = shape.reduce((product, n) => product * n, 1);
    return [key, { shape, dtype: 'float32', data: bits(size, i) }];
  }),
);
state.set('bn.num_batches_tracked', { shape: [], dtype: 'int64', data: new BigInt64Array([5n]) });
const bytes = Buffer.concat([...encodeSafetensors(state, { made: 'here' })]);

const bitsOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

async function obtain(checkpoint: Uint8Array = bytes) {
  const { server } = fixture;
  const source = published(server.url, checkpoint);
  server.routes.set(pathOf(source), serveFile(checkpoint));
  const { file, sha256: hash } = await downloadFile(entryOf(source), {}, QUICK);
  try {
    const read: StateDict = new Map();
    for (const [key, tensor] of file.tensors) read.set(key, await tensor.read());
    return { read, hash, metadata: file.metadata };
  } finally {
    await file.close();
  }
}

function expectAll(read: StateDict): void {
  expect([...read.keys()].sort()).toEqual([...state.keys()].sort());
  for (const [key, { shape, dtype, data }] of state) {
    expect(read.get(key), key).toMatchObject({ shape, dtype });
    expect(bitsOf(read.get(key)!.data).equals(bitsOf(data)), key).toBe(true);
  }
}

describe('the cache', () => {
  it('keeps a turned copy, whose values are the same bit for bit', async () => {
    const first = await obtain();
    const second = await obtain();
    expect(fixture.server.seen).toHaveLength(1);
    for (const { read, hash, metadata } of [first, second]) {
      expectAll(read);
      expect(hash).toBe(sha256(bytes));
      expect({ ...metadata }).toEqual({ made: 'here' });
    }
    const [kept] = await listCache();
    expect(kept).toMatchObject({ fetched: sha256(bytes), verified: true });
    expect(kept!.path).toMatch(/net-[0-9a-f]{8}\.tfjs\.safetensors$/);
    const copy = await readFile(kept!.path);
    expect(copy.toString('latin1')).toContain('"conv.weight":{"dtype":"F32","shape":[3,2,5,13]');
    expect([kept!.bytes, kept!.sha256]).toEqual([copy.length, sha256(copy)]);
    expect(await readdir(join(fixture.cache, 'net'))).toHaveLength(2);
    expect(await verifyCache()).toMatchObject([{ ok: true }]);
    // A person who opens it as a file gets what PyTorch would.
    expectAll(await readStateDict(kept!.path));
    expectAll(await readStateDict(copy));
    expect(warnings).not.toHaveBeenCalled();
  });

  it('fetches anew where the copy is damaged', async () => {
    await obtain();
    const [kept] = await listCache();
    const copy = await readFile(kept!.path);
    copy[copy.length - 100]! ^= 1;
    await writeFile(kept!.path, copy);
    expectAll((await obtain()).read);
    expect(fixture.server.seen).toHaveLength(2);
    expect(warnings.mock.calls[0]![0]).toContain('damaged');
    expect(await verifyCache()).toMatchObject([{ ok: true }]);
  });

  it.each(['halves', 'vectors alone'])('keeps %s as they came', async (kind) => {
    const other = new Map([...state].filter(([, { shape }]) => kind === 'halves' || shape.length < 2));
    const options = kind === 'halves' ? { dtype: 'float16' as const } : {};
    const checkpoint = Buffer.concat([...encodeSafetensors(other, {}, options)]);
    await obtain(checkpoint);
    const [kept] = await listCache();
    expect(sha256(await readFile(kept!.path))).toBe(sha256(checkpoint));
    expect(kept).toMatchObject({ fetched: sha256(checkpoint), sha256: sha256(checkpoint) });
  });

  // Every write to /dev/full fails as on a full disk; only Linux has it.
  it.runIf(process.platform === 'linux')('keeps what came where there is no room for both', async () => {
    await mkdir(join(fixture.cache, 'net'), { recursive: true });
    await symlink('/dev/full', join(fixture.cache, 'net', 'V1%20turned.part'));
    expectAll((await obtain()).read);
    const [kept] = await listCache();
    expect(sha256(await readFile(kept!.path))).toBe(sha256(bytes));
    expect(await readdir(join(fixture.cache, 'net'))).toHaveLength(2);
  });
});

describe.each(['wasm', 'cpu'] as const)('on %s a turned copy', (name) => {
  beforeAll(async () => {
    await useBackend(name);
  });

  it.each(['on disk', 'in memory'])('%s gives the same tensors as the file it was made of', async (place) => {
    await obtain();
    const { path } = (await listCache())[0]!;
    const read = async (source: string | Uint8Array) => {
      const file = await openTensors(source);
      const tensors = new Map<string, tf.Tensor>();
      const floats = [...file.tensors].filter(([key]) => state.get(key)!.dtype === 'float32');
      for await (const [key, tensor] of loadTensors(floats)) tensors.set(key, tensor);
      await file.close();
      return tensors;
    };
    const expected = await read(bytes);
    const received = await read(place === 'on disk' ? path : await readFile(path));
    expect(received.size).toBe(6);
    for (const [key, tensor] of expected) {
      expect(received.get(key)!.shape, key).toEqual(tensor.shape);
      expect(bitsOf(received.get(key)!.dataSync()).equals(bitsOf(tensor.dataSync())), key).toBe(true);
    }
    tf.dispose([...expected.values(), ...received.values()]);
  });
});
