/**
 * GoogLeNet, "Going Deeper with Convolutions" (https://arxiv.org/abs/1409.4842): a stem that shrinks the image eightfold
 * before the real work, nine inception blocks, global average pooling, and two auxiliary classifiers half way, whose
 * losses bring gradients to the early layers in training.
 */
import {
  type DropoutOptions,
  dropout,
  flatten,
  globalAvgPool,
  head,
  type Layer,
  maxPool,
  type NetLayer,
  type NetOptions,
  relu,
  seq,
} from '@cnnzoo/core/family';
import { type InceptionOptions, type InceptionWidths, inception, type Unit } from './inception.js';

/** Options of a GoogLeNet's builder. */
export interface GoogLeNetOptions extends DropoutOptions {
  /** Adds the auxiliary heads, for the loss alone: outputs [logits, aux1, aux2], each [n, numClasses]. Default: false. */
  auxHeads?: boolean;
}

/** Choices that torchvision's form and the paper's differ in. */
export interface GoogLeNetConfig extends Required<InceptionOptions> {
  /** Convolution of stem, branches and auxiliary heads. */
  unit: Unit;
  /** Follows maxpool1 and conv3. */
  norm: Layer;
  maxpool4: number;
  dropout: number;
  /** An auxiliary classifier's pooling, to 4x4 pixels at 224 px. */
  auxPool: Layer;
  linear: (units: number) => Layer;
}

const ceilPool = (kernelSize: number): Layer => maxPool(kernelSize, 2, 0, { ceilMode: true });

/**
 * Images [n, 224, 224, 3] (from 15 px on) -> logits [n, 1000].
 *
 * @example
 * ```ts
 * import { adaptiveAvgPool, buildModel, identity, linear } from '@cnnzoo/core';
 * import { googLeNet, normed } from '@cnnzoo/googlenet';
 *
 * const auxPool = adaptiveAvgPool(4);
 * const net = googLeNet({ unit: normed, wideKernel: 5, norm: identity, maxpool4: 2, dropout: 0.2, auxPool, linear });
 * buildModel('own', net({ numClasses: 10 }), [224, 224, 3]);
 * ```
 */
export function googLeNet({
  unit,
  wideKernel,
  norm,
  maxpool4,
  dropout: published,
  auxPool,
  linear: dense,
}: GoogLeNetConfig): (options: NetOptions<GoogLeNetOptions>) => NetLayer {
  const block = (...widths: InceptionWidths): Layer => inception(widths, { unit, wideKernel });
  const aux = (numClasses: number): Layer =>
    seq({
      pool: auxPool,
      conv: unit(128, 1),
      flatten,
      fc1: dense(1024),
      relu,
      dropout: dropout(0.7),
      fc2: head(numClasses, dense),
    });
  const early = seq({
    conv1: unit(64, 7, { stride: 2 }),
    maxpool1: ceilPool(3),
    norm1: norm,
    conv2: unit(64, 1),
    conv3: unit(192, 3),
    norm2: norm,
    maxpool2: ceilPool(3),
    inception3a: block(64, 96, 128, 16, 32, 32),
    inception3b: block(128, 128, 192, 32, 96, 64),
    maxpool3: ceilPool(3),
    inception4a: block(192, 96, 208, 16, 48, 64),
  });
  const middle = seq({
    inception4b: block(160, 112, 224, 24, 64, 64),
    inception4c: block(128, 128, 256, 24, 64, 64),
    inception4d: block(112, 144, 288, 32, 64, 64),
  });
  const late = (numClasses: number, rate: number): Layer =>
    seq({
      inception4e: block(256, 160, 320, 32, 128, 128),
      maxpool4: ceilPool(maxpool4),
      inception5a: block(256, 160, 320, 32, 128, 128),
      inception5b: block(384, 192, 384, 48, 128, 128),
      avgpool: globalAvgPool,
      dropout: dropout(rate),
      fc: head(numClasses, dense),
    });
  return ({ numClasses, auxHeads = false, dropout: rate = published }) =>
    (image, path) => {
      const x = early(image, path);
      const y = middle(x, path);
      const logits = late(numClasses, rate)(y, path);
      return auxHeads ? [logits, aux(numClasses)(x, 'aux1'), aux(numClasses)(y, 'aux2')] : logits;
    };
}
