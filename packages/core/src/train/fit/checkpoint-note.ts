import * as v from 'valibot';
import { hashBytes } from '../../data/hash.js';
import type { StateDict } from '../../weights/tensors.js';
import type { FitState } from './checkpoints.js';

// Apart from the directory's class, since only a training that goes on reads a note.

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

/** The plain part of a training's state, and which tensors belong to it. */
export type CheckpointNote = Omit<FitState, 'model' | 'optimizer' | 'ema' | 'best'> & {
  readonly hasEma: boolean;
  /** Absent in old checkpoints. */
  readonly hasChecksum?: boolean;
  readonly best?: { readonly value: number; readonly since: number };
};

/** Checks a parsed note. Throws valibot's error, with the place of the first fault. */
export function checkNote(value: unknown): CheckpointNote {
  const { best, ...rest } = v.parse(note, value);
  // Early stopping has kept a NaN as the best: anything is better.
  const kept = best && { best: { ...best, value: best.value ?? Number.NEGATIVE_INFINITY } };
  return { ...rest, ...kept } as unknown as CheckpointNote;
}

/** The sha256 of a checkpoint's note and tensors: a flipped bit changes it. */
export async function checksumOf(text: string, tensors: StateDict): Promise<string> {
  const parts: unknown[] = [text];
  for (const key of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(key)!;
    parts.push([key, dtype, shape, await hashBytes(data)]);
  }
  return hashBytes(new TextEncoder().encode(JSON.stringify(parts)));
}
