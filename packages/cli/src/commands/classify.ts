import { stat } from 'node:fs/promises';
import { type Classifier, CnnzooError, type Prediction } from '@cnnzoo/core';
import { pathOf } from '@cnnzoo/core/internal';
import { visible } from '@cnnzoo/core/internal/text';
import { bar, clip } from '@cnnzoo/report';
import { type Fault, faultOf, writeFault, writeJson } from '../fault.js';
import { type NetOptions, openNet } from '../open-net.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export interface ClassifyOptions extends CommonOptions, NetOptions {
  readonly top: number;
  /** Images that the net takes at once. Of a folder alone. */
  readonly batch?: number;
  /** File of results. Of a folder alone. */
  readonly out?: string;
}

type Answer = { readonly image: string } & (
  | { readonly predictions: readonly Prediction[] }
  | { readonly error: Fault }
);

/** Finds a misspelt path before a hundred megabytes are downloaded. */
async function faultOfPath(image: string): Promise<Fault | undefined> {
  if (/^(https?|data):/i.test(image)) return undefined;
  let path: string;
  try {
    path = pathOf(image);
  } catch (error) {
    return faultOf(error);
  }
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return undefined;
  const what = found
    ? 'expected a file, received a directory or a device. To classify the images of a folder, add --out results.jsonl'
    : 'there is no such file';
  return { code: 'FILE', message: `Image '${image}': ${what}.` };
}

/** Returns a line for each prediction: label, percentage, bar. */
function lines(predictions: readonly Prediction[], { terminal: { columns, colors } }: Context): string[] {
  const room = Math.max(40, Math.min(columns, 100));
  const names = predictions.map(({ label }) => visible(label));
  const labels = Math.min(Math.max(...names.map(({ length }) => length)), room - 26);
  return predictions.map(({ score }, i) => {
    const name = clip(names[i]!, labels).padEnd(labels);
    const percent = `${(score * 100).toFixed(1).padStart(5)} %`;
    const drawn = bar(score, Math.min(40, room - labels - 14));
    return i === 0
      ? `  ${colors.bold(name)}  ${colors.bold(percent)}  ${colors.green(drawn)}`.trimEnd()
      : `  ${name}  ${percent}  ${colors.dim(drawn)}`.trimEnd();
  });
}

async function look(net: Classifier, image: string, topK: number, signal: AbortSignal): Promise<Answer> {
  try {
    return { image, predictions: await net.classify(image, { topK, signal }) };
  } catch (error) {
    if (!(error instanceof CnnzooError) || error.code === 'ABORTED') throw error;
    return { image, error: faultOf(error) };
  }
}

function writeAnswer(answer: Answer, context: Context): void {
  if ('error' in answer) writeFault(context, answer.error);
  else context.terminal.out([visible(answer.image), ...lines(answer.predictions, context), ''].join('\n'));
}

/**
 * Classifies images and prints the predictions. An image that cannot be read is reported; the others still get their
 * predictions. With `out`, classifies a folder of images into a file.
 */
export async function classify(images: readonly string[], options: ClassifyOptions, context: Context): Promise<number> {
  const { model, top, json, batch, out } = options;
  if (out !== undefined) {
    if (images.length > 1)
      throw new CnnzooError('INPUT', `--out expects one folder of images, received ${images.length} paths.`);
    return (await import('./classify-folder.js')).classifyFolder(images[0]!, { ...options, out }, context);
  }
  if (batch !== undefined) throw new CnnzooError('INPUT', '--batch is an option of a folder: add --out results.jsonl.');
  const faults = await Promise.all(images.map(faultOfPath));
  const net = faults.includes(undefined) ? await openNet(options, context) : undefined;
  const answers: Answer[] = [];
  try {
    for (const [i, image] of images.entries()) {
      context.signal.throwIfAborted();
      const error = faults[i];
      const answer = error || !net ? { image, error: error! } : await look(net, image, top, context.signal);
      answers.push(answer);
      if (!json) writeAnswer(answer, context);
    }
  } finally {
    net?.dispose();
  }
  const failed = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
  if (json) writeJson(context, { model, weights: net?.weights, images: answers, error: failed[0] });
  return failed.length ? EXIT.failed : EXIT.ok;
}
