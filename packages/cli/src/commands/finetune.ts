import { mkdir, writeFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { type Classifier, Random } from '@cnnzoo/core';
import { adamW, cosine, fit, type History } from '@cnnzoo/core/train';
import { type Context, EXIT } from '../context.js';
import { writeJson } from '../fault.js';
import { type Answer, answersOf } from '../finetune/answers.js';
import { factsOf } from '../finetune/facts.js';
import { type LabelledFolder, openFolder } from '../finetune/folder.js';
import { openNet } from '../finetune/net.js';
import { placesIn, requireFree } from '../finetune/out.js';
import { countProgress, epochLine, type Progress, TRAINING } from '../finetune/progress.js';
import { augmentOf, commandOf, type FinetuneOptions, learningRate, outOf } from '../finetune/settings.js';
import { watched } from '../finetune/watched.js';
import { getModel } from '../index.js';
import { filesShown } from '../report/mistakes.js';
import { picturesOf, picturesOfFiles } from '../report/pictures.js';
import { preview } from '../report/preview.js';
import { report } from '../report/report.js';
import { type Tally, tallyOf } from '../report/tally.js';
import { duration, percent, quoted } from '../text.js';

export type { FinetuneOptions } from '../finetune/settings.js';

/** What the parts of the command share. */
interface Job {
  readonly folder: string;
  readonly out: string;
  readonly options: FinetuneOptions;
  readonly data: LabelledFolder;
  readonly net: Classifier;
  readonly progress: Progress;
  readonly context: Context;
}

/** Trains a net on a folder of images, and writes it with a report; or writes a picture of a batch. */
export async function finetune(folder: string, options: FinetuneOptions, context: Context): Promise<number> {
  const out = outOf(folder, options);
  getModel(options.model);
  if (!options.preview && !options.resume) await requireFree(out);
  const data = await openFolder(folder, options.seed, context.signal);
  const net = await openNet(options, data.categories, context);
  const progress = countProgress(context.terminal);
  const job: Job = { folder, out, options, data, net, progress, context };
  try {
    return await (options.preview ? showBatch(job) : trainAndReport(job));
  } finally {
    progress.end();
    net.dispose();
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** Writes a picture of one batch. */
async function showBatch({ folder, out, options, data, net, context }: Job): Promise<number> {
  const { preprocessing } = net;
  const random = new Random(options.seed);
  const augment = augmentOf(options, preprocessing);
  const batches = data.train.batches({
    batchSize: options.batchSize,
    shuffle: random,
    preprocessing,
    signal: context.signal,
    ...(augment && { augment: { transform: augment, random } }),
  });
  const { value: batch } = await batches.next();
  await batches.return();
  const { x, y } = batch!;
  const labels = y.dataSync();
  const images = picturesOf(x, preprocessing).map((picture, i) => ({
    picture,
    category: data.categories[labels[i]!]!,
  }));
  x.dispose();
  y.dispose();
  const note =
    `${images.length} of ${data.train.size} images, as ${options.model} sees them in training: ` +
    `${preprocessing.crop.join(' x ')} px, ${augment ? 'random crops, half of them flipped' : 'the same in every epoch'}.`;
  const path = placesIn(out).preview;
  await write(path, preview(`A batch of ${basename(resolve(folder))}`, note, images));
  if (options.json) writeJson(context, { preview: path, images: images.length });
  else context.terminal.out(`Wrote ${path}\nNext: ${commandOf(folder, options)}`);
  return EXIT.ok;
}

async function trainAndReport(job: Job): Promise<number> {
  const { folder, options, context } = job;
  const begun = performance.now();
  try {
    const history = await train(job);
    const seconds = (performance.now() - begun) / 1000;
    await job.net.save(job.out);
    await write(placesIn(job.out).history, `${JSON.stringify(history, null, 2)}\n`);
    const { progress, net, data } = job;
    const onImages = (done: number): void => progress.advance('answers', done, data.validation.size);
    const answers = await answersOf(net, data.validation, { signal: context.signal, onImages });
    await conclude(job, history, answers, seconds);
    return EXIT.ok;
  } catch (error) {
    if (!context.signal.aborted) throw error;
    job.progress.end();
    context.terminal.err(`Stopped. To go on: ${commandOf(folder, options)} --resume`);
    return EXIT.interrupted;
  }
}

/** Trains the net; the bar shows features, steps and validations, and each epoch leaves a line. */
async function train({ out, options, data, net, progress, context }: Job): Promise<History> {
  const { epochs, batchSize, seed, freeze, resume = false } = options;
  const places = placesIn(out);
  const isFrozen = freeze === 'backbone';
  const counted = (what: string, of: LabelledFolder['train']) =>
    watched(of, (done) => progress.advance(what, done, of.size));
  return fit(net, isFrozen ? counted('features, training', data.train) : data.train, {
    epochs,
    batchSize,
    seed,
    resume,
    optimizer: adamW({ lr: cosine(learningRate(options)) }),
    freeze: isFrozen ? 'backbone' : [],
    augment: augmentOf(options, net.preprocessing),
    features: isFrozen && { directory: places.features },
    validation: counted(isFrozen ? 'features, validation' : 'validation', data.validation),
    checkpoint: { directory: places.checkpoints, keep: 2 },
    log: places.log,
    progress: false,
    signal: context.signal,
    onStep: ({ step, steps, loss }) => progress.advance(TRAINING, step + 1, steps, `loss ${loss.toFixed(3)}`),
    onEpoch: (record) => progress.say(epochLine(record, epochs)),
  });
}

/** Writes the report and says what came of it. */
async function conclude(job: Job, history: History, answers: readonly Answer[], seconds: number): Promise<void> {
  const { folder, out, options, data, net, context } = job;
  const places = placesIn(out);
  const { categories, train, validation, corrupt } = data;
  const tally = tallyOf(answers, categories.length);
  const trained = categories.map((_, label) => train.files.filter((file) => file.label === label).length);
  await write(
    places.report,
    report({
      title: `${options.model} on ${basename(resolve(folder))}`,
      history,
      tally,
      categories,
      trained,
      facts: factsOf({ ...job, duration: duration(seconds) }),
      command: commandOf(folder, options),
      corrupt,
      pictures: await picturesOfFiles(net, filesShown(tally)),
    }),
  );
  if (options.json) writeJson(context, summaryOf(job, history, tally));
  else
    context.terminal.out(
      `top-1 ${percent(tally.top1)} of ${validation.size} validation images\n` +
        `Report: ${places.report}\n` +
        `Next: cnnzoo classify ${quoted(validation.files[0]!.name)} --model ${quoted(asPath(out))}`,
    );
}

/** A path that is not taken for a model's name. */
const asPath = (path: string): string => (/^\.{0,2}[/\\]|^[a-z]:/i.test(path) ? path : `./${path}`);

const summaryOf = ({ out, options, data, net }: Job, { epochs, seed }: History, { top1 }: Tally) => ({
  model: options.model,
  weights: net.weights ?? null,
  categories: data.categories,
  images: { training: data.train.size, validation: data.validation.size },
  corrupt: data.corrupt,
  epochs: epochs.length,
  seed,
  top1,
  out,
});
