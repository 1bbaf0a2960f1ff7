import { CnnzooError } from '@cnnzoo/core';
import { pathOf } from '@cnnzoo/core/internal';
import type { History } from '@cnnzoo/core/train';
import { answersOf } from '../finetune/answers.js';
import { conclude } from '../finetune/conclude.js';
import { openFolder } from '../finetune/folder.js';
import { type Job, write } from '../finetune/job.js';
import { openNet } from '../finetune/net.js';
import { placesIn, requireDirectory, requireFree } from '../finetune/out.js';
import { commandOf, type FinetuneOptions, outOf } from '../finetune/settings.js';
import { showBatch } from '../finetune/show-batch.js';
import { train } from '../finetune/train.js';
import { getModel } from '../models/index.js';
import { countProgress } from '../progress/index.js';
import { type Context, EXIT } from '../terminal/index.js';

/** Trains a net on a folder of images and writes it with a report, or writes a preview of a batch. */
export async function finetune(place: string, given: FinetuneOptions, context: Context): Promise<number> {
  const folder = pathOf(place);
  const options = given.out === undefined ? given : { ...given, out: pathOf(given.out) };
  const out = outOf(folder, options);
  getModel(options.model);
  await requireDirectory(out);
  if (!options.preview && !options.resume) await requireFree(out);
  const progress = countProgress(context.terminal);
  try {
    const data = await openFolder(folder, options.seed, progress, context.signal);
    const net = await openNet(options, data.categories, context);
    try {
      const job: Job = { folder, out, options, data, net, progress, context };
      return await (options.preview ? showBatch(job) : trainAndReport(job));
    } finally {
      net.dispose();
    }
  } finally {
    progress.end();
  }
}

/** Throws if the training has already run for more epochs than were asked for. */
function requireEpochs({ epochs: { length } }: History, asked: number, out: string): void {
  if (length <= asked) return;
  throw new CnnzooError(
    'INPUT',
    `finetune: the training in '${out}' has had ${length} epochs, received --epochs ${asked}. All is left as it was. To ` +
      'go on, give more epochs; for a shorter training, name another directory by --out.',
  );
}

async function trainAndReport(job: Job): Promise<number> {
  const { folder, options, context } = job;
  const begun = performance.now();
  try {
    const history = await train(job);
    const seconds = (performance.now() - begun) / 1000;
    requireEpochs(history, options.epochs, job.out);
    await job.net.save(job.out);
    await write(placesIn(job.out).history, `${JSON.stringify(history, null, 2)}\n`);
    const { progress, net, data } = job;
    const onImages = (done: number): void => progress.count('answers', done, data.validation.size);
    const answers = await answersOf(net, data.validation, { signal: context.signal, onImages });
    await conclude(job, history, answers, seconds);
    return EXIT.ok;
  } catch (error) {
    if (!context.signal.aborted) throw error;
    const message = `Stopped. To go on: ${commandOf(folder, options)} --resume`;
    throw new CnnzooError('ABORTED', message, { cause: error });
  }
}
