/**
 * Network in Network's net for CIFAR-10 (https://arxiv.org/abs/1312.4400, section 4.1), with the widths and names of the
 * authors' published Caffe model: https://gist.github.com/mavenlin/e56253735ef32c3c296d. Its pools round up, as Caffe's do.
 */
import {
  avgPool,
  dropout,
  globalAvgPool,
  head,
  type Layer,
  maxPool,
  type NetOptions,
  relu,
  seq,
} from '@cnnzoo/core/family';
import { type NinOptions, ninConv, ninLayers } from './nin.js';

/** A block by the published names: `conv2` and its ReLU, then `cccp3`, `cccp4` ("cascaded cross channel pooling"). */
const named = (block: 1 | 2 | 3, layers: readonly Layer[]): Record<string, Layer> => {
  const convs = [`${block}`, `_cccp${2 * block - 1}`, `_cccp${2 * block}`].slice(0, layers.length / 2);
  const names = convs.flatMap((name) => [name.startsWith('_') ? name.slice(1) : `conv${name}`, `relu${name}`]);
  return Object.fromEntries(layers.map((layer, i) => [names[i], layer]));
};

/**
 * Images [n, 32, 32, 3] -> logits [n, 10], none below 0.
 *
 * @example
 * ```ts
 * import { buildModel } from '@cnnzoo/core';
 * import { ninCifar } from '@cnnzoo/nin';
 *
 * buildModel('own', ninCifar({ numClasses: 100 }), [32, 32, 3]);
 * ```
 */
export const ninCifar = ({ numClasses, dropout: rate = 0.5 }: NetOptions<NinOptions>): Layer =>
  seq({
    ...named(1, ninLayers([192, 160, 96], 5, { padding: 2 })),
    pool1: maxPool(3, 2, 0, { ceilMode: true }),
    drop3: dropout(rate),
    ...named(2, ninLayers([192, 192, 192], 5, { padding: 2 })),
    pool2: avgPool(3, 2, 0, { ceilMode: true }),
    drop6: dropout(rate),
    ...named(3, ninLayers([192, 192], 3, { padding: 1 })),
    cccp6: head(numClasses, (classes) => ninConv(classes, 1)),
    relu_cccp6: relu,
    pool3: globalAvgPool,
  });
