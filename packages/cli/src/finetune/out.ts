import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CnnzooError } from '@cnnzoo/core';
import { requireWritable } from '@cnnzoo/core/internal';

/** Returns the paths of the files that a training writes. */
export const placesIn = (out: string) => ({
  /** `Classifier.save` writes model.safetensors into this directory. */
  model: out,
  history: join(out, 'history.json'),
  log: join(out, 'log.jsonl'),
  report: join(out, 'report.html'),
  preview: join(out, 'preview.html'),
  checkpoints: join(out, 'checkpoints'),
  features: join(out, 'checkpoints', 'features'),
});

/** Throws unless the directory can be written to. Called before anything is downloaded or decoded. */
export async function requireDirectory(out: string): Promise<void> {
  if (out.endsWith('.safetensors'))
    throw new CnnzooError(
      'INPUT',
      `finetune: expected a directory for all that the training writes, received '${out}'. Leave out the ending; the net ` +
        'will be model.safetensors in it.',
    );
  await requireWritable(out);
}

/**
 * Throws if the directory holds a training and `--resume` is not given. Called before anything is downloaded or
 * decoded.
 */
export async function requireFree(out: string): Promise<void> {
  const names = await readdir(placesIn(out).checkpoints).catch(() => [] as string[]);
  if (!names.some((name) => name.endsWith('.safetensors'))) return;
  throw new CnnzooError(
    'INPUT',
    `finetune: '${out}' holds a training already. Go on with it by --resume, or name another directory by --out.`,
  );
}
