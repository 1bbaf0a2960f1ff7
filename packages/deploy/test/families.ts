import { models as alexnet } from '@cnnzoo/alexnet';
import type { ModelDefinition } from '@cnnzoo/core';
import { models as googlenet } from '@cnnzoo/googlenet';
import { models as lenet } from '@cnnzoo/lenet';
import { models as nin } from '@cnnzoo/nin';
import { models as resnet } from '@cnnzoo/resnet';
import { models as vgg } from '@cnnzoo/vgg';

type Models = Readonly<Record<string, ModelDefinition<never>>>;

const isSlowRun = process.env.CNNZOO_SLOW === '1';

/** Leaves out nets of more than 30 million parameters, but for one in the slow run: a variant is a row of data. */
const chosen = (models: Models, one?: string): Models =>
  Object.fromEntries(
    Object.entries(models).filter(
      ([name, { weights }]) => (isSlowRun && name === one) || (weights.DEFAULT?.parameters ?? 0) < 3e7,
    ),
  );

/** Variants of the families, but for VGG's, whose files have 500 MB each, with sizes of images that are square and not, even and odd. */
export const families: readonly {
  readonly name: string;
  readonly models: Models;
  readonly sizes: readonly (readonly [number, number])[];
  /** True if the nets take any height and width. */
  readonly anySize: boolean;
}[] = [
  {
    name: 'lenet',
    models: lenet,
    sizes: [
      [28, 28],
      [31, 36],
    ],
    anySize: false,
  },
  {
    name: 'alexnet',
    models: chosen(alexnet, 'alexnet'),
    sizes: [
      [64, 64],
      [79, 96],
    ],
    anySize: false,
  },
  {
    name: 'vgg',
    models: chosen(vgg),
    sizes: [
      [32, 32],
      [33, 64],
    ],
    anySize: false,
  },
  {
    name: 'nin',
    models: nin,
    sizes: [
      [128, 128],
      [131, 165],
    ],
    anySize: true,
  },
  {
    name: 'googlenet',
    models: googlenet,
    sizes: [
      [64, 64],
      [65, 97],
    ],
    anySize: true,
  },
  {
    name: 'resnet',
    models: chosen(resnet),
    sizes: [
      [64, 64],
      [65, 97],
    ],
    anySize: true,
  },
];
