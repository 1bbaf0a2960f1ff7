import type { WeightsEntry, WeightsInfo, WeightsTable } from './weights.js';

/** Weights of one variant, which `defineModel` gives the variant's name. */
export interface Weights<Names extends string = string> {
  /** Facts of each checkpoint, by the name of its entry. */
  readonly entries: Readonly<Record<Names, WeightsInfo>>;
  /** Name of the entry that is DEFAULT; undefined if there are none. */
  readonly defaultName: Names | undefined;
  /** Prefixes of keys in copies of the weights -> the prefixes here, if they differ. */
  readonly renamed: Readonly<Record<string, string>>;
}

/** Options of `defineWeights`. */
export interface WeightsOptions {
  /** Prefixes of keys in copies (timm's) -> the prefixes here. Default: none differ. */
  renamed?: Readonly<Record<string, string>>;
}

/**
 * Gathers the weights of one variant.
 *
 * @param entries facts of each checkpoint, by the name of its entry.
 * @param defaultName name of the entry that `pretrained` loads.
 * @param options `renamed`: prefixes of keys in copies -> the prefixes here.
 *
 * @example
 * ```ts
 * import { defineWeights, torchvisionWeights } from '@cnnzoo/core';
 *
 * const weights = defineWeights(
 *   {
 *     IMAGENET1K_V1: torchvisionWeights({
 *       file: 'resnet18-f37072fd.pth',
 *       parameters: 11_689_512,
 *       fileSize: 44.661,
 *       gflops: 1.814,
 *       top1: 69.758,
 *       top5: 89.078,
 *       resize: 256,
 *       minSize: 1,
 *       recipe: 'https://github.com/pytorch/vision/tree/main/references/classification#resnet',
 *     }),
 *   },
 *   'IMAGENET1K_V1',
 * );
 * console.log(weights.defaultName);
 * ```
 */
export function defineWeights<Names extends string>(
  entries: Readonly<Record<Names, WeightsInfo>>,
  defaultName: NoInfer<Names>,
  options?: WeightsOptions,
): Weights<Names>;
/** Returns the weights of a variant that has none. */
export function defineWeights(entries: Readonly<Record<never, WeightsInfo>>): Weights<never>;
export function defineWeights(
  entries: Readonly<Record<string, WeightsInfo>>,
  defaultName?: string,
  { renamed = {} }: WeightsOptions = {},
): Weights {
  return { entries, defaultName, renamed };
}

/** Names the entries, freezes them and marks the default. */
export function tableOf<Names extends string>(
  model: string,
  { entries, defaultName }: Weights<Names>,
): WeightsTable<Names> {
  const table: Record<string, WeightsEntry> = {};
  for (const [name, info] of Object.entries<WeightsInfo>(entries))
    table[name] = Object.freeze({
      ...info,
      name,
      model,
      preprocess: async (image: Parameters<WeightsEntry['preprocess']>[0]) =>
        (await import('./preprocess.js')).preprocess(image, info.preprocessing),
    });
  if (defaultName !== undefined) table.DEFAULT = table[defaultName]!;
  return Object.freeze(table) as WeightsTable<Names>;
}
