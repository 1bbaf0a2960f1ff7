import { CnnzooError } from '@cnnzoo/core';
import { checkOptions, shownValue } from '@cnnzoo/core/internal';
import type { QuantizeImages } from './images.js';
import type { Calibration } from './ranges.js';

/** Share of the work of `quantize` that is done. */
export interface QuantizeProgress {
  readonly work: 'calibrating' | 'measuring' | 'searching';
  /** Images, or of a search layers. */
  readonly done: number;
  readonly total: number;
}

/** Options of `quantize`. */
export interface QuantizeOptions {
  /**
   * How the range of a value is chosen from the values seen: all of them ('min-max'); all but those beyond a percentile at each end
   * ('percentile'); or the range whose 8 bits differ least from their distribution ('entropy'). Default: 'min-max'.
   */
  calibration?: Calibration | undefined;
  /** Percentile of the calibration 'percentile', above 50 and up to 100. Default: 99.999. */
  percentile?: number | undefined;
  /** Equalize the weights of layers that follow each other first (Nagel et al., https://arxiv.org/abs/1906.04721). Default: false. */
  equalize?: boolean | undefined;
  /** Take the mean error of rounded weights out of the biases, by the same paper. Default: true. */
  correctBias?: boolean | undefined;
  /**
   * Convolutions and linear layers that are left in float32: their names in the graph, or the agreement with float32 on the measured images,
   * 0 to 1, that a search leaves as many in float32 for as it needs, the most sensitive first. Default: none.
   */
  keepFloat?: readonly string[] | { readonly agreement: number } | undefined;
  /** Images that the report is measured on. Default: those of the calibration. */
  test?: QuantizeImages | undefined;
  /** Class of each of the measured images, for their accuracy. */
  labels?: readonly number[] | undefined;
  /** Stops the work. The call rejects with a CnnzooError ABORTED. */
  signal?: AbortSignal | undefined;
  /** Called after each batch. */
  onProgress?: ((progress: QuantizeProgress) => void) | undefined;
}

const CALIBRATIONS: readonly Calibration[] = ['min-max', 'percentile', 'entropy'];

const NAMES: readonly (keyof QuantizeOptions)[] = [
  'calibration',
  'percentile',
  'equalize',
  'correctBias',
  'keepFloat',
  'test',
  'labels',
  'signal',
  'onProgress',
];

/** Options with their defaults. */
export interface Settings {
  readonly calibration: Calibration;
  readonly percentile: number;
  readonly equalize: boolean;
  readonly correctBias: boolean;
  /** Layers in float32. */
  readonly keepFloat: readonly string[];
  /** Agreement that layers are left in float32 for; undefined: no search. */
  readonly agreement: number | undefined;
  readonly labels: readonly number[] | undefined;
  readonly signal: AbortSignal | undefined;
  readonly report: (progress: QuantizeProgress) => void;
}

const isNumber = (value: unknown): value is number => typeof value === 'number';

/**
 * Checks the options, and completes them.
 *
 * @throws CnnzooError INPUT.
 */
export function settingsOf(options: QuantizeOptions): Settings {
  checkOptions('quantize', options, NAMES);
  const { calibration = 'min-max', percentile, equalize = false, correctBias = true } = options;
  const { keepFloat = [], labels, signal, onProgress } = options;
  const refuse = (name: string, expected: string, value: unknown): never => {
    throw new CnnzooError('INPUT', `quantize: expected ${name} ${expected}, received ${shownValue(value)}.`);
  };
  if (!CALIBRATIONS.includes(calibration)) refuse('calibration', `'${CALIBRATIONS.join("', '")}'`, calibration);
  if (percentile !== undefined && !(isNumber(percentile) && percentile > 50 && percentile <= 100))
    refuse('percentile', 'above 50 and up to 100', percentile);
  if (percentile !== undefined && calibration !== 'percentile')
    refuse('calibration', "'percentile', which the option percentile is of", calibration);
  if (typeof equalize !== 'boolean') refuse('equalize', 'to be true or false', equalize);
  if (typeof correctBias !== 'boolean') refuse('correctBias', 'to be true or false', correctBias);
  if (onProgress !== undefined && typeof onProgress !== 'function')
    refuse('onProgress', 'to be a function', onProgress);
  if (
    labels !== undefined &&
    !(Array.isArray(labels) && labels.every((label) => Number.isInteger(label) && label >= 0))
  )
    refuse('labels', 'as a list of classes, whole numbers from 0 on', labels);
  let agreement: number | undefined;
  if (!Array.isArray(keepFloat)) {
    checkOptions('quantize: keepFloat', keepFloat, ['agreement']);
    ({ agreement } = keepFloat as { agreement: number });
    if (!(isNumber(agreement) && agreement >= 0 && agreement <= 1))
      refuse('keepFloat', 'as a list of layers, or { agreement } from 0 to 1', shownValue(agreement));
  } else if (!keepFloat.every((name) => typeof name === 'string')) refuse('keepFloat', 'as a list of names', keepFloat);
  return {
    calibration,
    percentile: percentile ?? 99.999,
    equalize,
    correctBias,
    keepFloat: Array.isArray(keepFloat) ? [...(keepFloat as readonly string[])] : [],
    agreement,
    labels: labels && [...labels],
    signal,
    report: onProgress ?? (() => undefined),
  };
}
