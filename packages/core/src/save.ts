import type { Classifier } from './classifier.js';
import { type ModelNote, noteOf } from './features.js';
import type { Preprocessing } from './images/prepare.js';
import type { OutputActivation } from './output-activation.js';
import { MODEL_KEY, WEIGHTS_KEY } from './weights/metadata-keys.js';
import { saveStateDict } from './weights/state-dict.js';

export const SAVE_FORMAT = 1;
export const CONFIG_KEY = 'cnnzoo.config';

/** What a saved classifier's file holds beside the weights: all that `load` needs to build the net again. */
export interface SavedConfig {
  readonly format: typeof SAVE_FORMAT;
  readonly note: ModelNote | null;
  /** tfjs' own description of the layers. */
  readonly topology: { readonly className: string; readonly config: unknown };
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly weights: string | null;
  /** Absent in files from before it was kept. */
  readonly activation?: OutputActivation;
}

/** The file of a classifier that is saved to `path`: one, so that no reader ever sees half of it. */
export const savedFile = (path: string): string =>
  path.endsWith('.safetensors') ? path : `${path.replace(/[/\\]+$/, '')}/model.safetensors`;

export async function save(classifier: Classifier, location: string | URL): Promise<void> {
  const { pathOf } = await import('#platform');
  const path = pathOf(location);
  const { model, preprocessing, categories, weights, activation } = classifier;
  const note = noteOf(model);
  const config: SavedConfig = {
    format: SAVE_FORMAT,
    note: note ?? null,
    topology: { className: model.getClassName(), config: model.getConfig() },
    preprocessing,
    categories,
    weights: weights ?? null,
    activation,
  };
  await saveStateDict(model, savedFile(path), {
    [CONFIG_KEY]: JSON.stringify(config),
    ...(note && { [MODEL_KEY]: note.model }),
    ...(weights && { [WEIGHTS_KEY]: weights }),
  });
}
