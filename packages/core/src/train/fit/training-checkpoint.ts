import * as v from 'valibot';
import type { StateDict } from '../../checkpoint/index.js';
import { hashBytes } from '../../data/late.js';
import type { OutputActivation } from '../../graph/index.js';
import type { Position } from '../loop/index.js';
import type { Best } from './best-weights.js';
import type { Frozen } from './freezing.js';
import type { EpochRecord, EpochSums } from './history.js';
import type { Setup } from './setup.js';

// Loaded late, apart from the directory's class: a training without checkpoints needs no schema.

/** The saved state of a training: everything that it continues from. */
export interface TrainingCheckpoint {
  readonly setup: Setup;
  readonly seed: number;
  readonly stage: number;
  /** Steps taken in the stages before. */
  readonly stepsBefore: number;
  readonly position: Position;
  readonly epochs: readonly EpochRecord[];
  /** Sums of the current epoch. */
  readonly progress: EpochSums;
  /** Frozen layers at the start of the stage and now; absent in old checkpoints. */
  readonly frozen?: { readonly atStart: Frozen; readonly now: Frozen };
  /** The net's activation, which the loss of a stage has noted; absent in old checkpoints. */
  readonly activation?: OutputActivation;
  readonly model: StateDict;
  readonly optimizer: StateDict;
  readonly ema?: StateDict;
  readonly best?: Best;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const counts = v.array(count);
const word = v.pipe(v.number(), v.integer(), v.minValue(-(2 ** 31)), v.maxValue(2 ** 32 - 1));
const random = v.tuple([word, word, word, word]);
/** JSON has null for a number that is not finite. */
const measured = v.nullable(v.number());
const names = v.array(v.string());
const frozen = v.object({ models: names, layers: names, weights: names });
const config = v.record(v.string(), v.unknown());

const note = v.pipe(
  v.looseObject({
    setup: v.looseObject({
      model: v.string(),
      images: count,
      stages: count,
      batchSize: counts,
      accumulate: counts,
      fingerprint: v.optional(v.object({ shared: config, stages: v.array(config) })),
    }),
    seed: v.number(),
    stage: count,
    stepsBefore: count,
    position: v.object({ epoch: count, batches: count, step: count, epochRandom: random, random }),
    epochs: v.array(
      v.looseObject({
        epoch: count,
        stage: count,
        steps: count,
        loss: measured,
        top1: v.number(),
        imagesPerSecond: measured,
      }),
    ),
    progress: v.looseObject({ images: count, loss: v.number(), hits: v.number(), seconds: v.number() }),
    frozen: v.optional(v.object({ atStart: frozen, now: frozen })),
    activation: v.optional(v.picklist(['softmax', 'sigmoid'])),
    hasEma: v.boolean(),
    hasChecksum: v.optional(v.boolean()),
    best: v.optional(v.object({ value: measured, since: count })),
  }),
  v.check(({ stage, setup }) => stage < setup.stages, 'expected a stage of the training'),
);

/** The plain part of a training checkpoint, which is the file's metadata. */
export type CheckpointNote = Omit<TrainingCheckpoint, 'model' | 'optimizer' | 'ema' | 'best'> & {
  readonly hasEma: boolean;
  /** Absent in old checkpoints. */
  readonly hasChecksum?: boolean;
  readonly best?: { readonly value: number; readonly since: number };
};

/** Checks a parsed note. @throws valibot's error, with the place of the first fault. */
export function checkNote(value: unknown): CheckpointNote {
  const { best, ...rest } = v.parse(note, value);
  // null stands for a NaN or an infinity that early stopping has kept as the best: any number is better.
  const kept = best && { best: { ...best, value: best.value ?? Number.NEGATIVE_INFINITY } };
  return { ...rest, ...kept } as unknown as CheckpointNote;
}

/** Returns the sha256 of a checkpoint's note and tensors. */
export async function checksumOf(text: string, tensors: StateDict): Promise<string> {
  const parts: unknown[] = [text];
  for (const key of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(key)!;
    parts.push([key, dtype, shape, await hashBytes(data)]);
  }
  return hashBytes(new TextEncoder().encode(JSON.stringify(parts)));
}
