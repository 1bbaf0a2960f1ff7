import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../src/engine/index.js';
import type { Geometry } from '../src/ops/geometry.js';
import { inputShape, outputShape } from '../src/ops/geometry.js';
import {
  columnFloats,
  directInt8,
  type Int8Algorithm,
  int8Algorithm,
  putColumns,
  takesInt8Winograd,
  winogradInt8,
} from '../src/ops/int8/index.js';
import {
  clamp,
  type MapValues,
  place,
  randomInt8,
  randomMap,
  referenceSums,
  round,
  run,
  scaled,
  weightedSum,
} from './int8-reference.js';
import { Random } from './random.js';

interface Case {
  readonly g: Geometry;
  readonly x: MapValues;
  readonly filter: Int8Array;
  readonly bias: Int32Array;
  readonly multipliers: Float32Array;
  readonly residual: MapValues;
  readonly ratio: number;
  readonly residualRatio: number;
  /** Channels beside the map's, and extra pixels around its border. */
  readonly before: number;
  readonly after: number;
}

const geometry = (part: Partial<Geometry> & Pick<Geometry, 'inHeight' | 'inWidth' | 'inChannels' | 'outChannels'>) => {
  const g = {
    ...{ images: 1, kernelHeight: 3, kernelWidth: 3, strideHeight: 1, strideWidth: 1, groups: 1 },
    ...{ dilationHeight: 1, dilationWidth: 1, top: 1, left: 1, outHeight: 0, outWidth: 0 },
    ...part,
  };
  const reach = (kernel: number, dilation: number) => (kernel - 1) * dilation + 1;
  return {
    ...g,
    outHeight: Math.floor((g.inHeight + 2 * g.top - reach(g.kernelHeight, g.dilationHeight)) / g.strideHeight) + 1,
    outWidth: Math.floor((g.inWidth + 2 * g.left - reach(g.kernelWidth, g.dilationWidth)) / g.strideWidth) + 1,
  };
};

/** Returns a random layer, whose requantized values fill the range from -200 to 200. */
function randomCase(random: Random, g: Geometry): Case {
  const x = randomMap(random, inputShape(g), -255, 255);
  const terms = (g.kernelHeight * g.kernelWidth * g.inChannels) / g.groups;
  const deviation = Math.sqrt(terms) * 147 * 73;
  return {
    g,
    x,
    filter: randomInt8(random, terms * g.outChannels),
    bias: Int32Array.from({ length: g.outChannels }, () => random.integer(-deviation, deviation)),
    multipliers: Float32Array.from({ length: g.outChannels }, () => (60 + 60 * random.next()) / deviation),
    residual: randomMap(random, outputShape(g), -255, 255),
    ratio: 0.2 + random.next(),
    residualRatio: 0.2 + random.next(),
    before: random.integer(0, 3),
    after: random.integer(0, 3),
  };
}

function randomGeometry(random: Random): Geometry {
  const groups = random.pick([1, 1, 1, 2, 3, 8, 20]);
  const kernelHeight = random.integer(1, 5);
  const kernelWidth = random.integer(1, 5);
  const [dilationHeight, dilationWidth] = [random.pick([1, 1, 2]), random.pick([1, 1, 3])];
  return geometry({
    images: random.integer(1, 3),
    inHeight: (kernelHeight - 1) * dilationHeight + random.integer(1, 9),
    inWidth: (kernelWidth - 1) * dilationWidth + random.integer(1, 9),
    inChannels: groups * random.integer(1, groups > 3 ? 3 : 21),
    outChannels: groups * random.integer(1, groups > 3 ? 3 : 37),
    kernelHeight,
    kernelWidth,
    strideHeight: random.integer(1, 3),
    strideWidth: random.integer(1, 3),
    dilationHeight,
    dilationWidth,
    top: random.integer(0, 3),
    left: random.integer(0, 3),
    groups,
  });
}

const randomWinogradGeometry = (random: Random): Geometry =>
  geometry({
    images: random.integer(1, 3),
    inHeight: random.integer(1, 17),
    inWidth: random.integer(2, 17),
    inChannels: random.integer(1, 40),
    outChannels: random.integer(1, 40),
    top: random.integer(1, 2),
    left: random.integer(1, 2),
  });

const LIMITS = { low: -117, high: 138 };
const SUM_LIMITS = { low: 0, high: 255 };
const kinds = ['int16', 'a sum', 'a sum in place', 'float32', 'float32 with a ReLU'] as const;
type Kind = (typeof kinds)[number];

/** Computes a layer with an engine. */
function compute(engine: Engine, algorithm: Int8Algorithm, layer: Case, kind: Kind): Int16Array | Float32Array {
  const { g, x, filter, before, after } = layer;
  engine.reset();
  const input = place(engine, x, { border: algorithm.border, before, after });
  const { pixelStep } = input.map;
  const weights = engine.alloc(algorithm.bytes(pixelStep) / 4);
  algorithm.pack(engine, pixelStep, filter, weights);
  const bias = engine.alloc(columnFloats(g));
  putColumns(engine, g, layer.bias, bias);
  const multipliers = engine.alloc(columnFloats(g));
  putColumns(engine, g, layer.multipliers, multipliers);
  const scaling = { bias, multipliers };
  const shape = outputShape(g);
  const toFloat = kind.startsWith('float32');
  const residual = place(engine, layer.residual, { before: after, after: before });
  const empty = toFloat ? { ...shape, values: new Float32Array(layer.residual.values.length).fill(-1) } : layer.x;
  const output =
    kind === 'a sum in place'
      ? residual
      : place(engine, toFloat ? empty : { ...layer.residual, values: layer.residual.values.map(() => 77) }, {
          before,
          after,
        });
  run(
    engine,
    algorithm.dispatch(engine.threads, {
      input: input.map,
      weights,
      epilogue: toFloat
        ? { to: 'float32', output: output.map, ...scaling, relu: kind !== 'float32' }
        : {
            to: 'int16',
            output: output.map,
            ...scaling,
            ...LIMITS,
            ...(kind !== 'int16' && {
              sum: {
                residual: residual.map,
                ratio: layer.ratio,
                residualRatio: layer.residualRatio,
                ...SUM_LIMITS,
              },
            }),
          },
    }),
  );
  input.read();
  return output.read();
}

const known = new Map<string, Float64Array>();

/** Returns the sums of a layer by the definition, which are the same for every engine. */
function sumsOf({ g, x, filter }: Case, name: string): Float64Array {
  const sums = known.get(name) ?? referenceSums(g, x.values, filter);
  known.set(name, sums);
  return sums;
}

/** Computes the layer by the definition. */
function expected(layer: Case, kind: Kind, name: string): number[] {
  const { g } = layer;
  return Array.from(sumsOf(layer, name), (sum, index) => {
    const column = index % g.outChannels;
    const y = scaled(sum, layer.bias[column]!, layer.multipliers[column]!);
    if (kind === 'float32') return y;
    if (kind === 'float32 with a ReLU') return Math.max(0, y);
    const result = round(clamp(y, LIMITS.low, LIMITS.high));
    if (kind === 'int16') return result;
    const residual = layer.residual.values[index]!;
    return weightedSum(result, layer.ratio, residual, layer.residualRatio, SUM_LIMITS.low, SUM_LIMITS.high);
  });
}

const describeGeometry = (seed: number, g: Geometry): string => `${seed}: ${JSON.stringify(g)}`;

describe.each([1, 2, 3])('int8 convolutions on %i threads', (threads) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine(threads);
  });
  afterAll(() => engine.dispose());

  const check = (algorithm: Int8Algorithm, layer: Case, kind: Kind, name: string) => {
    const values = compute(engine, algorithm, layer, kind);
    const wanted = expected(layer, kind, name);
    expect(values.length, name).toBe(wanted.length);
    const wrong = wanted.findIndex((value, index) => value !== values[index]);
    expect(wrong < 0 || `[${wrong}] is ${values[wrong]}, not ${wanted[wrong]}`, `${kind}, ${name}`).toBe(true);
    // A layer whose values are all alike would prove nothing.
    if (wanted.length > 200) expect(new Set(wanted).size, name).toBeGreaterThan(5);
  };

  it('have the values of the definition', () => {
    for (let seed = 0; seed < 120; seed++) {
      const random = new Random(seed);
      const g = randomGeometry(random);
      check(directInt8(g), randomCase(random, g), kinds[seed % kinds.length]!, describeGeometry(seed, g));
    }
  });

  it("have them by Winograd's filtering", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(1000 + seed);
      const g = randomWinogradGeometry(random);
      expect(takesInt8Winograd(g)).toBe(true);
      check(winogradInt8(g), randomCase(random, g), kinds[seed % kinds.length]!, describeGeometry(seed, g));
    }
  });

  it('have them in layers of many tasks and blocks', () => {
    const random = new Random(7);
    const layers = [
      geometry({
        inHeight: 13,
        inWidth: 15,
        inChannels: 600,
        outChannels: 70,
        kernelHeight: 1,
        kernelWidth: 1,
        top: 0,
        left: 0,
      }),
      geometry({
        inHeight: 31,
        inWidth: 30,
        inChannels: 3,
        outChannels: 64,
        kernelHeight: 7,
        kernelWidth: 7,
        strideHeight: 2,
        strideWidth: 2,
        top: 3,
        left: 3,
      }),
      geometry({ inHeight: 17, inWidth: 14, inChannels: 64, outChannels: 96 }),
      geometry({
        images: 9,
        inHeight: 1,
        inWidth: 1,
        inChannels: 1201,
        outChannels: 130,
        kernelHeight: 1,
        kernelWidth: 1,
        top: 0,
        left: 0,
      }),
      geometry({
        inHeight: 1,
        inWidth: 1,
        inChannels: 2049,
        outChannels: 1000,
        kernelHeight: 1,
        kernelWidth: 1,
        top: 0,
        left: 0,
      }),
    ];
    for (const [index, g] of layers.entries()) {
      const layer = { ...randomCase(random, g), before: 0, after: 0 };
      for (const kind of kinds) {
        check(directInt8(g), layer, kind, describeGeometry(index, g));
        if (takesInt8Winograd(g)) check(winogradInt8(g), layer, kind, describeGeometry(index, g));
      }
    }
  });

  it('do not overflow at the largest values', () => {
    const g = geometry({ inHeight: 6, inWidth: 5, inChannels: 512, outChannels: 18 });
    const random = new Random(5);
    for (const sign of [1, -1]) {
      const layer = randomCase(random, g);
      layer.x.values.fill(255);
      // Channels that reach the largest sum, the least, and Winograd's largest differences.
      for (const [index] of layer.filter.entries()) {
        const column = index % g.outChannels;
        const tap = Math.floor(index / g.outChannels / g.inChannels);
        const signs = [1, -1, tap % 2 === 0 ? 1 : -1, tap % 3 === 1 ? -1 : 1];
        layer.filter[index] = 127 * sign * signs[column % 4]!;
      }
      layer.multipliers.fill(3e-7);
      const largest = 9 * g.inChannels * 255 * 127;
      const sums = referenceSums(g, layer.x.values, layer.filter);
      expect(sums.some((sum) => sum === largest) && sums.some((sum) => sum === -largest)).toBe(true);
      for (const algorithm of [directInt8(g), winogradInt8(g)])
        for (const kind of ['int16', 'float32'] as const) check(algorithm, layer, kind, `${algorithm.name} ${sign}`);
    }
  });

  it('have the same bits by both algorithms', () => {
    const g = geometry({ images: 2, inHeight: 28, inWidth: 28, inChannels: 96, outChannels: 80 });
    const layer = randomCase(new Random(6), g);
    expect(int8Algorithm(g).name).toBe('winograd');
    const [direct, winograd] = [directInt8(g), winogradInt8(g)].map((way) => compute(engine, way, layer, 'a sum'));
    expect(new Set(direct).size).toBeGreaterThan(100);
    expect(Buffer.from(direct!.buffer).equals(Buffer.from(winograd!.buffer))).toBe(true);
  });
});
