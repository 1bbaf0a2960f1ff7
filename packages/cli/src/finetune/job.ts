import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Classifier } from '@cnnzoo/core';
import type { CountProgress } from '../progress/index.js';
import type { Context } from '../terminal/index.js';
import type { LabelledFolder } from './folder.js';
import type { FinetuneOptions } from './settings.js';

/** State that all parts of the command share. */
export interface Job {
  readonly folder: string;
  readonly out: string;
  readonly options: FinetuneOptions;
  readonly data: LabelledFolder;
  readonly net: Classifier;
  readonly progress: CountProgress;
  readonly context: Context;
}

/** Writes a file, and creates its directory if it is missing. */
export async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
