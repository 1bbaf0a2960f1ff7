// Bytes that are the caller's, or lie anywhere in a larger buffer, or come from another realm (jsdom, vm, Jest).

import { pathToFileURL } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { beforeAll, describe, expect, it } from 'vitest';
import { encodeTransposed } from '../../src/checkpoint/transposed.js';
import {
  buildModel,
  encodeSafetensors,
  linear,
  loadStateDict,
  openTensors,
  readStateDict,
  type StateDict,
  type StateTensor,
  stateDict,
  useBackend,
} from '../../src/index.js';
import { expectState, fixture, fixturePath } from './fixtures.js';

const realm = createContext({});
const foreign = <T>(code: string): T => runInContext(code, realm) as T;

/** The bytes in a buffer with `before` others in front of them, and some behind. */
function within<T extends Uint8Array>(outer: T, bytes: Uint8Array, before: number): T {
  outer.fill(0xa5).set(bytes, before);
  return outer.subarray(before, before + bytes.length) as T;
}

const FORMS: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map(
    (before) =>
      [
        `a Buffer ${before} bytes into its memory`,
        (bytes: Uint8Array) => within(Buffer.alloc(bytes.length + 64), bytes, before),
      ] as const,
  ),
  ['a Buffer of the pool', (bytes) => Buffer.from(Buffer.from(bytes).toString('base64'), 'base64')],
  ['Buffer.concat', (bytes) => Buffer.concat([bytes.subarray(0, 100), bytes.subarray(100)])],
  ['a subarray', (bytes) => within(new Uint8Array(bytes.length + 64), bytes, 13)],
  ['a view of shared memory', (bytes) => within(new Uint8Array(new SharedArrayBuffer(bytes.length + 64)), bytes, 5)],
  [
    "another realm's Uint8Array",
    (bytes) => within(foreign<(n: number) => Uint8Array>('(n) => new Uint8Array(n)')(bytes.length + 64), bytes, 3),
  ],
];

const FILES = [
  ['net.zip.pth', 'net'],
  ['net.legacy.pth', 'net'],
  ['net.safetensors', 'net'],
  ['views.zip.pth', 'views'],
  ['views.legacy.pth', 'views'],
  ['types.zip.pth', 'types'],
  ['types.legacy.pth', 'types'],
  ['types.safetensors', 'types'],
  ['channels-last.legacy.pth', 'channels-last'],
  ['deflated.zip.pth', 'types'],
  ['big-endian.zip.pth', 'types'],
  ['training.legacy.pth', 'training'],
] as const;

describe.each(FORMS)('%s', (_form, form) => {
  it.each(FILES)("is read as the file is, and stays the caller's: %s", async (name, values) => {
    const original = fixture(name);
    const given = form(original);
    const whole = new Uint8Array(given.buffer).slice();
    const state = await readStateDict(given);
    expectState(state, values);
    // Nothing was written to it, turned around in it, or taken away.
    expect(new Uint8Array(given.buffer)).toEqual(whole);
    new Uint8Array(given.buffer).fill(0xff);
    expectState(state, values);
    for (const [key, { data }] of state) {
      expect([data.byteOffset, data.buffer.byteLength], key).toEqual([0, data.byteLength]);
      new Uint8Array(data.buffer).fill(0);
    }
    expect(new Uint8Array(given.buffer).every((byte) => byte === 0xff)).toBe(true);
  });
});

describe('a tensor of an opened checkpoint', () => {
  it.each(FILES)('does not change with what a caller does to another: %s', async (name, values) => {
    const file = await openTensors(Buffer.from(fixture(name)));
    const expected = await readStateDict(fixturePath(name));
    for (const [key, lazy] of file.tensors) {
      const tensor = await lazy.read();
      expect(tensor, key).toEqual(expected.get(key));
      new Uint8Array(tensor.data.buffer).fill(7);
    }
    expectState(expected, values);
    await file.close();
  });
});

describe("another realm's values", () => {
  const weight = { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) };

  it('count as an ArrayBuffer, a Blob, a URL', async () => {
    const bytes = fixture('net.legacy.pth');
    const buffer = foreign<(n: number) => ArrayBuffer>('(n) => new ArrayBuffer(n)')(bytes.length);
    new Uint8Array(buffer).set(bytes);
    expectState(await readStateDict(buffer), 'net');
    const tagged = foreign<(tag: string) => object>('(tag) => ({ get [Symbol.toStringTag]() { return tag; } })');
    const blob = Object.assign(tagged('Blob'), {
      size: bytes.length,
      slice: (from: number, to: number) => new Blob([bytes.slice(from, to)]),
    });
    expectState(await readStateDict(blob as Blob), 'net');
    const { href } = pathToFileURL(fixturePath('net.legacy.pth'));
    expectState(await readStateDict(Object.assign(tagged('URL'), { href, toString: () => href }) as URL), 'net');
  });

  it('count as a state dict, in a Map and in a record', async () => {
    for (const code of [
      "new Map([['weight', { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) }]])",
      "({ weight: { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) } })",
    ]) {
      const state = await readStateDict(foreign<StateDict>(code));
      expect([...state]).toEqual([['weight', weight]]);
      expect(state.get('weight')!.data).toBeInstanceOf(Float32Array);
    }
    const wide = foreign<StateDict>("new Map([['n', { shape: [1], dtype: 'int64', data: BigInt64Array.of(-3n) }]])");
    expect((await readStateDict(wide)).get('n')!.data).toEqual(BigInt64Array.of(-3n));
  });

  it('are refused where their type is another', async () => {
    const state = foreign<StateDict>("({ weight: { shape: [2], dtype: 'float32', data: new Float64Array(2) } })");
    await expect(readStateDict(state)).rejects.toThrow(/received shape 2, dtype float32 and Float64Array/);
    await expect(readStateDict(new Int16Array(4) as never)).rejects.toThrow(/received Int16Array/);
  });

  it('are written', () => {
    const state = foreign<StateDict>(
      "new Map([['weight', { shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) }]])",
    );
    const own: StateDict = new Map([['weight', { ...weight, dtype: 'float32' as const }]]);
    expect(Buffer.concat([...encodeSafetensors(state)])).toEqual(Buffer.concat([...encodeSafetensors(own)]));
  });
});

it('a state dict in memory is copied: what is read does not change with it', async () => {
  const data = Float32Array.of(1, 2);
  const bytes = Buffer.from([1, 0]);
  const shape = [2];
  const state = await readStateDict({
    weight: { shape, dtype: 'float32', data },
    mask: { shape, dtype: 'bool', data: bytes },
  });
  data.fill(9);
  bytes.fill(9);
  shape[0] = 9;
  expect(state.get('weight')).toEqual({ shape: [2], dtype: 'float32', data: Float32Array.of(1, 2) });
  expect(state.get('mask')).toEqual({ shape: [2], dtype: 'bool', data: Uint8Array.of(1, 0) });
});

it('the pieces of an encoded state dict do not change with it', () => {
  const data = Float32Array.of(1, 2);
  const pieces = [...encodeSafetensors(new Map([['weight', { shape: [2], dtype: 'float32', data }]]))];
  const before = Buffer.concat(pieces);
  data.fill(9);
  expect(Buffer.concat(pieces)).toEqual(before);
});

describe.each(['cpu', 'wasm'] as const)('a net on %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  const values = (): StateDict =>
    new Map<string, StateTensor>([
      ['fc.weight', { shape: [3, 2], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ['fc.bias', { shape: [3], dtype: 'float32', data: Float32Array.of(7, 8, 9) }],
    ]);
  const transposed = async (): Promise<Buffer> => {
    const pieces: Uint8Array[] = [];
    for await (const piece of encodeTransposed(await openTensors(values()))) pieces.push(new Uint8Array(piece));
    return Buffer.concat(pieces);
  };

  it.each([
    ["bytes in PyTorch's layout", async () => Buffer.concat([...encodeSafetensors(values())])],
    ["bytes in tfjs' layout", transposed],
    ['a state dict', async () => values()],
  ])('keeps its weights when what it was loaded from changes: %s', async (_form, make) => {
    const source = await make();
    const net = buildModel('one', (x) => linear(3)(x, 'fc'), [1, 1, 2]);
    await loadStateDict(net, source);
    if (source instanceof Map) for (const { data } of source.values()) (data as Float32Array).fill(0);
    else source.fill(0);
    expect([...(await stateDict(net))]).toEqual([...values()]);
    net.dispose();
  });
});
