import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ModelDefinition } from '@cnnzoo/core';
import type { Golden } from '../../../test/harness/parity.js';
import { runPython } from './python.js';

/** An even, an odd and a non-square size, [height, width]; LeNet's linear layers fix theirs near the digits' 28 px. */
export const sizesOf = ({ inputShape: [height] }: ModelDefinition): readonly (readonly [number, number])[] =>
  height === 28
    ? [
        [28, 28],
        [29, 29],
        [28, 36],
      ]
    : [
        [64, 64],
        [65, 65],
        [72, 91],
      ];

/** Where a family keeps the golden of a model. */
export const goldenPath = (family: string, model: string): string =>
  fileURLToPath(new URL(`../../../packages/${family}/test/goldens/${model}.json`, import.meta.url));

/** Asks PyTorch for the logits of a net under a synthetic checkpoint and, with a head's path, for what that head sees. */
export const askPython = (
  model: string,
  sizes: readonly (readonly [number, number])[],
  { seed = '', head }: { seed?: string; head?: string } = {},
): string =>
  runPython('golden.py', [
    model,
    ...sizes.map(([height, width]) => `${height}x${width}`),
    ...['--seed', seed],
    ...(head === undefined ? [] : ['--head', head]),
  ]);

export function readGolden(family: string, model: string): Golden | undefined {
  const path = goldenPath(family, model);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Golden) : undefined;
}
