import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CnnzooError } from '@cnnzoo/core';
import { requireWritable } from '@cnnzoo/core/internal';

/** Where a training keeps what belongs to it. */
export const placesIn = (out: string) => ({
  /** `Classifier.save` writes model.safetensors there. */
  model: out,
  history: join(out, 'history.json'),
  log: join(out, 'log.jsonl'),
  report: join(out, 'report.html'),
  preview: join(out, 'preview.html'),
  checkpoints: join(out, 'checkpoints'),
  features: join(out, 'checkpoints', 'features'),
});

/** Refuses what is no directory that can be written to, before anything is fetched or decoded. */
export async function requireDirectory(out: string): Promise<void> {
  if (out.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `finetune: expected a directory for all that the training writes, received '${out}'. Leave out the ending; the net ` +
        'will be model.safetensors in it.',
    );
  await requireWritable(out);
}

/** Refuses a directory with a training that nobody asked to go on with, before anything is fetched or decoded. */
export async function requireFree(out: string): Promise<void> {
  const names = await readdir(placesIn(out).checkpoints).catch(() => [] as string[]);
  if (!names.some((name) => name.endsWith('.safetensors'))) return;
  throw new CnnzooError(
    'INPUT',
    `finetune: '${out}' holds a training already. Go on with it by --resume, or name another directory by --out.`,
  );
}
