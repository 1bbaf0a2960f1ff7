import { basename, resolve } from 'node:path';
import type { Preprocessing } from '@cnnzoo/core';
import { type Augment, compose, horizontalFlip, randomResizedCrop } from '@cnnzoo/core/data';
import { quoted } from '@cnnzoo/report';
import type { CommonOptions } from '../terminal/index.js';
import { DEFAULTS } from './defaults.js';

export interface FinetuneOptions extends CommonOptions {
  /** A name of `cnnzoo list`. */
  readonly model: string;
  /** The name of an entry, a path or URL, or 'none' for random values; the default entry unless given. */
  readonly weights?: string;
  readonly freeze: 'backbone' | 'none';
  readonly epochs: number;
  readonly batchSize: number;
  /** Of the first step; `learningRate` unless given. */
  readonly lr?: number;
  /** In pixels; the model's own unless given. */
  readonly size?: number;
  readonly seed: number;
  /** A directory; `outOf` unless given. */
  readonly out?: string;
  readonly resume?: boolean;
  readonly preview?: boolean;
}

/** Random values have everything to learn, a trained backbone something to lose. */
export const learningRate = ({ lr, freeze, weights }: FinetuneOptions): number =>
  lr ?? (freeze === 'backbone' || weights === 'none' ? 1e-3 : 1e-4);

/** Where everything goes: 'flowers-resnet18' in the working directory unless given. */
export const outOf = (folder: string, { out, model }: FinetuneOptions): string =>
  out ?? `${basename(resolve(folder))}-${model}`;

/** What changes the images in training: nothing where the backbone is frozen, whose features are computed once. */
export const augmentOf = ({ freeze }: FinetuneOptions, { crop }: Preprocessing): Augment | null =>
  freeze === 'backbone' ? null : compose(randomResizedCrop(crop), horizontalFlip());

/** The command line that does the same: what is as by default is left out. */
export function commandOf(folder: string, options: FinetuneOptions): string {
  const { model, weights, freeze, epochs, batchSize, lr, size, seed, out } = options;
  const given = { model, weights, freeze, epochs, 'batch-size': batchSize, lr, size, seed, out };
  const defaults: Partial<Record<string, unknown>> = { ...DEFAULTS, 'batch-size': DEFAULTS.batchSize };
  const flags = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === defaults[name] ? [] : [`--${name} ${quoted(String(value))}`],
  );
  return ['cnnzoo finetune', quoted(folder), ...flags].join(' ');
}
