import { type Classifier, CnnzooError, type ModelDefinition, type PretrainedOptions } from '@cnnzoo/core';
import { downloadProgress } from '../progress/index.js';
import type { Context } from '../terminal/index.js';

/**
 * Loads a pretrained net. A download shows its progress and stops at Ctrl-C; if it fails, the message names
 * alternatives.
 */
export async function openPretrained(
  model: ModelDefinition,
  options: PretrainedOptions,
  { terminal, signal }: Context,
): Promise<Classifier> {
  const progress = downloadProgress(terminal, model.name);
  try {
    return await model.pretrained({ ...options, progress: progress.advance, signal });
  } catch (error) {
    throw signal.aborted ? stopped(error) : withHint(error);
  } finally {
    progress.end();
  }
}

const stopped = (cause: unknown): CnnzooError =>
  new CnnzooError('ABORTED', 'Stopped. The next start goes on from what was downloaded, if the server can.', { cause });

function withHint(error: unknown): unknown {
  if (!(error instanceof CnnzooError && error.code === 'DOWNLOAD')) return error;
  const here = 'Here, a file that you have is passed with --weights ./file.pth.';
  return new CnnzooError(error.code, `${error.message}\n${here}`, { cause: error });
}
