import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Acceleration, accelerate, KernelError } from '../src/index.js';
import { OPERANDS, type Operands } from './operands.js';
import { places, workIn } from './places.js';
import { runKernel, type Values } from './run-kernel.js';

let acceleration: Acceleration;
beforeAll(async () => {
  await tf.setBackend('wasm');
  acceleration = await accelerate({ threads: 2 });
});
afterAll(() => acceleration.dispose());

type Inputs = Record<string, Values | undefined>;

/** Returns the call with some of its inputs and attributes changed. */
function changed({ inputs, attrs }: Operands, changes: Readonly<Record<string, unknown>>): [Inputs, object] {
  const isInput = (key: string) => key in inputs;
  const pick = (wanted: boolean) =>
    Object.fromEntries(Object.entries(changes).filter(([key]) => isInput(key) === wanted));
  return [
    { ...inputs, ...(pick(true) as Inputs) },
    { ...attrs, ...pick(false) },
  ];
}

/** Changes that every kernel refuses: an input is missing or has another dtype. */
function ofEveryKernel({ kernel, inputs }: Operands): Record<string, Readonly<Record<string, unknown>>> {
  const optional = ['bias', 'residual', 'offset', 'scale', 'output'];
  const anyDtype = ['Identity', 'Cast', 'Tile', 'Sum', 'Mean', 'Relu', 'Relu6'];
  const all: Record<string, Readonly<Record<string, unknown>>> = {};
  for (const [name, { shape, values }] of Object.entries(inputs)) {
    if (!optional.includes(name)) all[`no ${name}`] = { [name]: undefined };
    if (!anyDtype.includes(kernel) && values instanceof Float32Array)
      all[`${name} of int32`] = { [name]: { shape, values: Int32Array.from(values) } };
  }
  return all;
}

it('every kernel is among the calls', () => {
  expect(new Set(OPERANDS.map(({ kernel }) => kernel))).toEqual(new Set(acceleration.kernels));
});

describe.each(places)('in %s', (place) => {
  workIn(place);

  describe.each(OPERANDS.map((each, i) => ({ ...each, i })))('$kernel ($i)', (call) => {
    it('computes what fits', async () => {
      for (const { shape, values } of await runKernel('wasm', call.kernel, call.inputs, call.attrs)) {
        expect(values.length).toBe(shape.reduce((product, extent) => product * extent, 1));
        expect(values.every(Number.isFinite)).toBe(true);
      }
    });

    it.each(Object.entries({ ...call.wrong, ...ofEveryKernel(call) }))(
      'refuses %s, by its name',
      async (_, changes) => {
        const { numTensors, numDataBuffers } = tf.memory();
        const error = await runKernel('wasm', call.kernel, ...changed(call, changes)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(KernelError);
        expect((error as KernelError).message).toMatch(
          new RegExp(`^${call.kernel} (expects .*, not .*|on the wasm backend does not take .*)\\.$`),
        );
        expect(tf.memory()).toMatchObject({ numTensors, numDataBuffers });
      },
    );
  });
});

it('tensors that were disposed of are refused by every kernel', async () => {
  await tf.setBackend('wasm');
  for (const { kernel, inputs, attrs } of OPERANDS)
    for (const name of Object.keys(inputs)) {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([key, { values, shape }]) => [
          key,
          tf.tensor(values, [...shape], values instanceof Int32Array ? 'int32' : 'float32'),
        ]),
      );
      tensors[name]!.dispose();
      expect(() => tf.engine().runKernel(kernel, tensors, attrs as tf.NamedAttrMap), `${kernel} ${name}`).toThrow(
        new RegExp(`^${kernel} expects ${name} to be a tensor that is in use`),
      );
      tf.dispose(Object.values(tensors));
    }
});

it('an update of one tensor by itself is refused', async () => {
  await tf.setBackend('wasm');
  tf.tidy(() => {
    const w = tf.ones([3]);
    const attrs = { lr: 0.1, momentum: 0.9, nesterov: false, weightDecay: 0 };
    expect(() => tf.engine().runKernel('CnnzooSgd', { param: w, grad: w, velocity: w }, attrs)).toThrow(
      /CnnzooSgd expects param, velocity to be tensors of their own/,
    );
  });
});

it('sizes beyond an address are refused, and nothing is left in the heap', async () => {
  await tf.setBackend('wasm');
  const { numBytes } = tf.memory();
  tf.tidy(() => {
    const pad = (pixels: number) => [
      [pixels, pixels],
      [pixels, pixels],
    ];
    const run = (name: string, inputs: tf.NamedTensorMap, attrs: object) => () =>
      tf.engine().runKernel(name, inputs, attrs as unknown as tf.NamedAttrMap);
    const pixel = tf.ones([1, 1, 1, 1]);
    const own = { stride: [1, 1], dilation: [1, 1], groups: 1, padding: pad(50_000) };
    const pool = { kernelSize: [1, 1], stride: [1, 1], padding: pad(50_000) };
    for (const call of [
      run('CnnzooConv2D', { x: pixel, filter: pixel }, own),
      run('CnnzooMaxPool', { x: pixel }, pool),
      run('CnnzooAvgPool', { x: pixel }, { ...pool, countIncludePad: true }),
      run('Tile', { x: tf.ones([4]) }, { reps: [2 ** 29] }),
      run('Tile', { x: tf.ones([4, 4]) }, { reps: [1, 2 ** 29] }),
      run('BatchMatMul', { a: tf.ones([80_000, 1]), b: tf.ones([1, 80_000]) }, {}),
    ])
      expect(call).toThrow(/room for|needs \d+ MB/);
  });
  expect(tf.memory().numBytes).toBe(numBytes);
});
