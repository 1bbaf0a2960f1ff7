import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { type Classifier, CnnzooError, type ImageAnswer } from '@cnnzoo/core';
import { pathIn, pathOf } from '@cnnzoo/core/internal';
import { visible } from '@cnnzoo/core/internal/text';
import { createSession, type Session } from '@cnnzoo/deploy';
import { getBackend } from '@tensorflow/tfjs-core';
import { version } from '../../package.json';
import { faultOf, writeJson } from '../fault.js';
import { type ImageResult, ResultsFile, readFacts, requireSameRun } from '../folder/results-file.js';
import { fingerprintOf, type ImageList, listImages, type RunFacts } from '../folder/run-facts.js';
import { type NetOptions, openNet } from '../open-net.js';
import { countProgress } from '../progress/index.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export interface FolderOptions extends CommonOptions, NetOptions {
  readonly top: number;
  /** Images that the net takes at once. */
  readonly batch?: number;
  /** File of results. */
  readonly out: string;
}

/** Images that the net takes at once, unless the command says another number. */
const BATCH = 16;

/** Returns the name of a model, or of a saved net without its folder. */
const nameOf = (model: string): string => (/[./\\]/.test(model) ? basename(resolve(model)) : model);

/** Returns an error's message with the path in the folder: a resumption may name the folder in another way. */
function withRelativePath(message: string, path: string, image: string): string {
  // Messages shorten a long path, and escape control characters.
  const shown = [path, `${path.slice(0, 60)}…`];
  return [...shown, ...shown.map(visible)].reduce((text, each) => text.replaceAll(each, () => image), message);
}

function resultOf(answer: ImageAnswer<string>, image: string): ImageResult {
  if ('predictions' in answer) return { image, predictions: answer.predictions };
  const { code, message } = faultOf(answer.error);
  return { image, error: { code, message: withRelativePath(message, answer.input, image) } };
}

/** Classifies the images that have no result. Resolves to the number of errors. */
async function fill(
  file: ResultsFile,
  session: Session,
  folder: string,
  images: readonly string[],
  { top, batch = BATCH, out }: FolderOptions,
  context: Context,
): Promise<number> {
  // The last image is computed again: another result now would make a file of two kinds.
  const first = Math.max(0, file.done - 1);
  async function* paths() {
    for (const image of images.slice(first)) yield pathIn(folder, image);
  }
  const progress = countProgress(context.terminal);
  let { done, failed } = file;
  let at = first;
  try {
    if (done === images.length) return failed;
    for await (const answer of session.classify(paths(), { topK: top, batchSize: batch, signal: context.signal })) {
      const result = resultOf(answer, images[at]!);
      const line = JSON.stringify(result);
      if (at++ < done) {
        if (line !== file.last)
          throw new CnnzooError(
            'INPUT',
            `'${out}' can't be resumed: '${result.image}' had another result. The image, the engine or the machine is not the same. ` +
              'Begin another file with --out.',
          );
        continue;
      }
      await file.append(line);
      done++;
      if ('error' in result) failed++;
      progress.count('classifying', done, images.length);
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    const message = `Stopped after ${done} of ${images.length} images. The same command goes on from there.`;
    throw new CnnzooError('ABORTED', message, { cause: error });
  } finally {
    progress.end();
  }
  return failed;
}

async function factsOf(
  net: Classifier,
  session: Session,
  { model, top }: FolderOptions,
  { images, hash }: ImageList,
): Promise<RunFacts> {
  return {
    run: 'cnnzoo classify',
    version,
    model: nameOf(model),
    weights: net.weights ?? null,
    net: await fingerprintOf(net),
    engine: session.engine === 'tfjs' ? `tfjs, ${getBackend()}` : session.engine,
    top,
    images: images.length,
    list: hash,
  };
}

/**
 * Classifies the images of a folder into a file of results. If the file exists, goes on where the run that began it stopped.
 */
export async function classifyFolder(folder: string, options: FolderOptions, context: Context): Promise<number> {
  const { model, top, backend, json } = options;
  const out = pathOf(options.out);
  const found = await stat(pathOf(folder)).catch(() => undefined);
  if (!found?.isDirectory())
    throw new CnnzooError(
      'FILE',
      `--out expects a folder of images, '${folder}' is ${found ? 'a file' : 'not there'}.`,
    );
  // A run that can not be resumed is refused before a net is downloaded.
  const list = await listImages(pathOf(folder));
  const before = await readFacts(out);
  if (before)
    requireSameRun(out, before, { version, model: nameOf(model), top, images: list.images.length, list: list.hash });
  const net = await openNet(options, context);
  let session: Session | undefined;
  let file: ResultsFile | undefined;
  let failed: number;
  try {
    // A backend is one of TensorFlow.js.
    session = await createSession(net, backend === undefined ? {} : { engine: 'tfjs' });
    file = await ResultsFile.open(out, await factsOf(net, session, options, list), list.images);
    if (!json && file.done > 0) context.terminal.err(`${file.done} of ${list.images.length} images have results.`);
    failed = await fill(file, session, pathOf(folder), list.images, options, context);
  } finally {
    net.dispose();
    await session?.dispose();
    await file?.close();
  }
  const images = list.images.length;
  const { engine, reason } = session;
  if (json)
    writeJson(context, { model, weights: net.weights, engine, reason, out, images, resumed: file.done, failed });
  else {
    const lacking = failed === 0 ? '' : `, ${failed} of them could not be read and have an error`;
    context.terminal.out(`Wrote ${visible(out)}: ${images} images${lacking}. Engine: ${engine}.`);
  }
  return failed === 0 ? EXIT.ok : EXIT.failed;
}
