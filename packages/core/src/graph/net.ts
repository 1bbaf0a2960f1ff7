import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, shownValue } from '../util/index.js';

/** A LayersModel, or an object that holds one, such as a `Classifier`. */
export type Net =
  | LayersModel
  | {
      readonly model: LayersModel;
      readonly preprocessing?: Preprocessing;
      readonly categories?: readonly string[] | null;
    };

/** Returns true if the net's weights have been freed. tfjs has no public way to ask. */
export const isDisposed = (model: LayersModel): boolean => (model as unknown as { _refCount: number })._refCount === 0;

/** @throws CnnzooError INPUT for a value that is no net, or if the net has been disposed of. */
export function modelOf(net: Net): LayersModel {
  const model = (net as { model?: LayersModel } | null | undefined)?.model ?? (net as LayersModel);
  if (!Array.isArray(model?.layers))
    throw new CnnzooError('INPUT', `Expected a net (a LayersModel or a Classifier), received ${shownValue(net)}.`);
  if (isDisposed(model))
    throw new CnnzooError(
      'INPUT',
      `The net '${model.name}' was disposed of: its weights are gone. Dispose of it last.`,
    );
  return model;
}

/** Returns true if the net was made by `compile`, of this copy of core or another. */
export const isCompiled = (model: LayersModel): boolean => 'cnnzooCompiled' in model;

/** Error for an operation that needs the net that a compiled net was made from. */
export const compiledNetError = (what: string, net: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `${what} needs a net that can train; '${net}' was made by compile. Use the net that it was compiled from.`,
  );

/** @throws CnnzooError INPUT if the net was made by `compile`. */
export function refuseCompiled(what: string, model: LayersModel): void {
  if (isCompiled(model)) throw compiledNetError(what, model.name);
}

/** Returns the net's preprocessing; undefined for a LayersModel and for a net that states none. */
export const preprocessingOf = (net: Net): Preprocessing | undefined =>
  'model' in net ? net.preprocessing : undefined;

/** Returns the names of the net's classes, by label; undefined if it has none. */
export const categoriesOf = (net: Net): readonly string[] | undefined =>
  'model' in net ? (net.categories ?? undefined) : undefined;

/**
 * The function from logits to scores: 'softmax' of nets whose images have one class each, 'sigmoid' of nets whose classes
 * are independent of one another (several labels an image, or the one class of a net of one logit).
 */
export type OutputActivation = 'softmax' | 'sigmoid';

/** Key of the output activation in a model's metadata. */
const KEY = 'cnnzooActivation';

/** Returns the activation in a model's metadata. Default: 'sigmoid' for one logit, else 'softmax'. */
export function outputActivationOf(model: LayersModel): OutputActivation {
  const noted = (model.getUserDefinedMetadata() as { [KEY]?: OutputActivation } | undefined)?.[KEY];
  return noted ?? (model.outputs[0]!.shape.at(-1) === 1 ? 'sigmoid' : 'softmax');
}

/**
 * Writes the activation into a model's metadata.
 * @throws CnnzooError INPUT if it is neither 'softmax' nor 'sigmoid'.
 */
export function noteOutputActivation(model: LayersModel, activation: OutputActivation): void {
  if (activation !== 'softmax' && activation !== 'sigmoid')
    throw new CnnzooError('INPUT', `expected activation 'softmax' or 'sigmoid', received '${activation}'.`);
  model.setUserDefinedMetadata({ ...model.getUserDefinedMetadata(), [KEY]: activation });
}
