/** History of the weights that are trained here, from the files that their training wrote. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ModelDefinition } from '@cnnzoo/core';
import type { History } from '@cnnzoo/core/train';
import { lineChart, svgFile } from '@cnnzoo/report';
import type { Family } from './family.js';
import { code, number } from './markdown.js';

export interface Training extends History {
  readonly model: string;
  /** Name of the data set. */
  readonly data: string;
}

export const trainingPath = (family: string, model: string): string => `${family}/${model}-training.svg`;

/** Returns the trainings of a family's models whose package holds a history. */
export const trainingsOf = ({ name, models }: Family): Training[] =>
  models.flatMap(({ name: model }: ModelDefinition) => {
    const path = fileURLToPath(new URL(`../../packages/${name}/weights/${model}.history.json`, import.meta.url));
    return existsSync(path) ? [{ model, ...(JSON.parse(readFileSync(path, 'utf8')) as Omit<Training, 'model'>) }] : [];
  });

export const trainingCurves = ({ epochs }: Training): string =>
  svgFile(
    lineChart({
      title: 'top-1 accuracy, %',
      x: 'epoch',
      series: [
        { name: 'training images', values: epochs.map(({ top1 }) => 100 * top1), faint: true },
        { name: 'test images', values: epochs.map(({ validation }) => 100 * validation!.top1) },
      ],
      size: [720, 400],
    }),
  );

/** Returns blocks for a family's page; none if none of its weights were trained here. */
export function trainingSection(family: string, trainings: readonly Training[]): string[] {
  if (trainings.length === 0) return [];
  return [
    '## How ours were trained',
    ...trainings.flatMap(({ model, data, seed, epochs }) => [
      `### ${code(model)}`,
      `${epochs.length} epochs of ${data}, seed ${seed}, by \`tools/train/cifar10.ts\`. The training images are augmented, ` +
        `and measured before each step; ${number(epochs.at(-1)!.validation!.count)} test images are measured after each epoch, ` +
        'with the averaged weights.',
      `![Top-1 accuracy by epoch (${model})](${trainingPath(family, model)})`,
    ]),
  ];
}
