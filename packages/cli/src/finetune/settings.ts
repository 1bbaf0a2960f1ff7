import { basename, resolve } from 'node:path';
import type { Preprocessing } from '@cnnzoo/core';
import { type Augment, compose, horizontalFlip, randomResizedCrop } from '@cnnzoo/core/data';
import { quoted } from '@cnnzoo/report';
import type { CommonOptions } from '../terminal/index.js';
import { DEFAULTS } from './defaults.js';

export interface FinetuneOptions extends CommonOptions {
  /** Name from `cnnzoo list`. */
  readonly model: string;
  /**
   * Name of a weights entry, path or URL of a checkpoint, or 'none' for random values. Default: the model's default
   * entry.
   */
  readonly weights?: string;
  readonly freeze: 'backbone' | 'none';
  readonly epochs: number;
  readonly batchSize: number;
  /** Learning rate of the first step. Default: see `learningRate`. */
  readonly lr?: number;
  /** Side of the net's square input in pixels. Default: the model's own. */
  readonly size?: number;
  readonly seed: number;
  /** Directory for all output. Default: see `outOf`. */
  readonly out?: string;
  readonly resume?: boolean;
  readonly preview?: boolean;
}

/**
 * Returns the learning rate. Default: 0.001, or 0.0001 to fine-tune a whole pretrained net, which large steps would
 * spoil.
 */
export const learningRate = ({ lr, freeze, weights }: FinetuneOptions): number =>
  lr ?? (freeze === 'backbone' || weights === 'none' ? 1e-3 : 1e-4);

/** Returns the output directory. Default: FOLDER-MODEL, such as 'flowers-resnet18', in the working directory. */
export const outOf = (folder: string, { out, model }: FinetuneOptions): string =>
  out ?? `${basename(resolve(folder))}-${model}`;

/** Returns the augmentation; null for a frozen backbone, whose features are computed once. */
export const augmentOf = ({ freeze }: FinetuneOptions, { crop }: Preprocessing): Augment | null =>
  freeze === 'backbone' ? null : compose(randomResizedCrop(crop), horizontalFlip());

/** Returns the command line of a training, without the options that have their default value. */
export function commandOf(folder: string, options: FinetuneOptions): string {
  const { model, weights, freeze, epochs, batchSize, lr, size, seed, out } = options;
  const given = { model, weights, freeze, epochs, 'batch-size': batchSize, lr, size, seed, out };
  const defaults: Partial<Record<string, unknown>> = { ...DEFAULTS, 'batch-size': DEFAULTS.batchSize };
  const flags = Object.entries(given).flatMap(([name, value]) =>
    value === undefined || value === defaults[name] ? [] : [`--${name} ${quoted(String(value))}`],
  );
  return ['cnnzoo finetune', quoted(folder), ...flags].join(' ');
}
