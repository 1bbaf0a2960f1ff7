import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildModel, type InputShape, type NetLayer, writeNote } from '../graph/index.js';
import { CnnzooError, checkOptions, currentRandom, Random, withRandom } from '../util/index.js';
import { tableOf, type Weights } from './define-weights.js';
import type { BuildOptions, ModelDefinition, OwnOptions } from './model-definition.js';
import type { PretrainedOptions } from './pretrained-options.js';

/** Options as an architecture receives them: its own, and the number of classes (0: no head). */
export type NetOptions<Options extends BuildOptions = BuildOptions> = Options & { numClasses: number };

/** One row of a family's table. */
export interface ModelSpec<Options extends BuildOptions, Names extends string> {
  /** torchvision's name of the variant; its export has the same. */
  name: string;
  /** Architecture: layers of the net for given options. */
  net(options: NetOptions<Options>): NetLayer;
  /** Path of the part that `numClasses` replaces. */
  head: string;
  /** Paths of heads that only the loss sees. Default: none. */
  auxiliaryHeads?: readonly string[];
  /** Net for weights that have no head, if the head is more than one layer. Default: none. */
  backbone?: { replaces: string; head: string; net(options: NetOptions<Options>): NetLayer };
  /** Height, width (null: any) and channels of the images. */
  inputShape: InputShape;
  /** Number of classes that the published weights have. */
  numClasses: number;
  /** From `defineWeights`; the entries get the model's name here. */
  weights: Weights<Names>;
}

/**
 * Makes a variant of its row. Mark the call `/* @__PURE__ *\/`, so that an unused variant is shaken out.
 *
 * @returns the builder, with `pretrained`, `weights` and facts of the variant.
 *
 * @example
 * ```ts
 * import { conv, defineModel, defineWeights, globalAvgPool, head, relu, seq } from '@cnnzoo/core';
 *
 * export const tiny = /* @__PURE__ *\/ defineModel({
 *   name: 'tiny',
 *   net: ({ numClasses }) => seq({ conv: conv(8, 3), relu, pool: globalAvgPool, fc: head(numClasses) }),
 *   head: 'fc',
 *   inputShape: [32, 32, 3],
 *   numClasses: 10,
 *   weights: defineWeights({}),
 * });
 * ```
 */
export function defineModel<Options extends BuildOptions, Names extends string>(
  spec: ModelSpec<Options, Names>,
): ModelDefinition<Options, Names> {
  const { name, inputShape, numClasses, auxiliaryHeads = [] } = spec;
  const read = new Set<string>(BUILD_OPTIONS);
  const builder = ({ net, head }: Pick<typeof spec, 'net' | 'head'>) => {
    const build = (options: Options = {} as Options): LayersModel => buildVariant(spec, net, head, read, options);
    return Object.assign(build, { head });
  };
  const backbone = spec.backbone && Object.assign(builder(spec.backbone), { replaces: spec.backbone.replaces });
  const facts = {
    inputShape,
    numClasses,
    weights: tableOf(name, spec.weights),
    auxiliaryHeads,
    renamed: spec.weights.renamed,
    options: read as ReadonlySet<string>,
    ...(backbone && { backbone }),
  };
  const definition = Object.assign(builder(spec), facts);
  return Object.defineProperties(definition, {
    name: { value: name },
    pretrained: {
      value: async (options: PretrainedOptions<Names> & OwnOptions<Options>) =>
        (await import('./pretrained.js')).pretrained(definition as ModelDefinition<Options, Names>, options),
    },
  }) as ModelDefinition<Options, Names>;
}

/** Options of every builder. */
const BUILD_OPTIONS: readonly string[] = ['inputShape', 'numClasses', 'seed', 'name'];

function buildVariant<Options extends BuildOptions, Names extends string>(
  spec: ModelSpec<Options, Names>,
  net: typeof spec.net,
  head: string,
  read: Set<string>,
  options: Options,
): LayersModel {
  const { inputShape = spec.inputShape, numClasses = spec.numClasses, seed, name = spec.name } = options ?? {};
  if (!(Number.isInteger(numClasses) && numClasses >= 0))
    throw new CnnzooError('INPUT', `${spec.name}: expected numClasses 0, 1, 2, …, received ${numClasses}.`);
  const random = seed === undefined ? currentRandom() : new Random(seed);
  // The net knows its own options: what it does not read has no effect.
  const noted = new Proxy(
    { ...options, numClasses },
    {
      get(target, key) {
        read.add(String(key));
        return Reflect.get(target, key);
      },
    },
  );
  const model = withRandom(random, () => buildModel(name, net(noted), inputShape));
  try {
    checkOptions(spec.name, options, [...read]);
  } catch (error) {
    model.dispose();
    throw error;
  }
  const { auxiliaryHeads } = spec;
  writeNote(model, { model: spec.name, head, ...(auxiliaryHeads && { auxiliaryHeads }) });
  return model;
}
