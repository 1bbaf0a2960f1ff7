import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CnnzooError, type ModelDefinition } from '@cnnzoo/core';
import * as v from 'valibot';
import type { Golden } from '../../../test/harness/parity.js';
import { runPython } from './python.js';

type Sizes = readonly (readonly [height: number, width: number])[];

/** Larger sizes for nets whose last pooling would get an empty map at the usual sizes. */
const LARGER: Readonly<Record<string, Sizes>> = {
  nin: [
    [80, 80],
    [81, 81],
    [88, 107],
  ],
  googlenet_paper: [
    [96, 96],
    [97, 97],
    [112, 139],
  ],
};

/** Returns an even, an odd and a non-square size. The linear layers of LeNet require sizes near the digits' 28 px. */
export const sizesOf = ({ name, inputShape: [height] }: ModelDefinition): Sizes => {
  if (LARGER[name]) return LARGER[name];
  if (height === 28 || height === 32)
    return [
      [height, height],
      [height + 1, height + 1],
      [height, height + 8],
    ];
  return [
    [64, 64],
    [65, 65],
    [72, 91],
  ];
};

/** Returns the path of a model's golden. */
export const goldenPath = (family: string, model: string): string =>
  fileURLToPath(new URL(`../../../packages/${family}/test/goldens/${model}.json`, import.meta.url));

/**
 * Computes with PyTorch the logits of a net for a synthetic checkpoint and, given the head's path, the input of the
 * head; also the logits of auxiliary heads.
 */
export const askPython = (
  model: string,
  sizes: Sizes,
  { seed = '', head, aux = false }: { seed?: string; head?: string; aux?: boolean } = {},
): string =>
  runPython('golden.py', [
    model,
    ...sizes.map(([height, width]) => `${height}x${width}`),
    ...['--seed', seed],
    ...(head === undefined ? [] : ['--head', head]),
    ...(aux ? ['--aux'] : []),
  ]);

const Side = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const Logits = { largest: v.number(), logits: v.array(v.number()) };
const GoldenText = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({
    model: v.string(),
    seed: v.string(),
    torch: v.string(),
    torchvision: v.string(),
    cases: v.pipe(
      v.array(
        v.object({
          height: Side,
          width: Side,
          classes: v.number(),
          ...Logits,
          features: v.exactOptional(v.object({ length: Side, largest: v.number(), first: v.array(v.number()) })),
          auxiliary: v.exactOptional(v.array(v.object(Logits))),
        }),
      ),
      v.minLength(1),
    ),
  }),
);

/**
 * Parses the output of Python for a net.
 *
 * @throws CnnzooError FORMAT
 */
export function parseGolden(text: string, name: string): Golden {
  const { success, output, issues } = v.safeParse(GoldenText, text);
  if (success) return output;
  const [issue] = issues;
  const where = v.getDotPath(issue);
  throw new CnnzooError('FORMAT', `${name}: expected a golden, but ${where ? `in ${where}: ` : ''}${issue.message}.`);
}

export function readGolden(family: string, model: string): Golden | undefined {
  const path = goldenPath(family, model);
  return existsSync(path) ? parseGolden(readFileSync(path, 'utf8'), path) : undefined;
}
