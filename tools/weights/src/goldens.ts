import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ModelDefinition } from '@cnnzoo/core';
import type { Golden } from '../../../test/harness/parity.js';
import { runPython } from './python.js';

type Sizes = readonly (readonly [height: number, width: number])[];

/** Where the usual sizes leave nothing for a pooling to see. */
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

/** An even, an odd and a non-square size; LeNet's linear layers fix theirs near the digits' 28 px. */
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

/** Where a family keeps the golden of a model. */
export const goldenPath = (family: string, model: string): string =>
  fileURLToPath(new URL(`../../../packages/${family}/test/goldens/${model}.json`, import.meta.url));

/** Asks PyTorch for the logits of a net under a synthetic checkpoint and, with a head's path, for what that head sees; for those of auxiliary heads. */
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

export function readGolden(family: string, model: string): Golden | undefined {
  const path = goldenPath(family, model);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Golden) : undefined;
}
