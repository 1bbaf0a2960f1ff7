/** Runs `useBackend` in a process of its own, where stand-ins can be installed: see choose.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, type UseBackendOptions, useBackend } from '../../src/backend/choose.js';
import type { CnnzooError } from '../../src/util/errors.js';

const calls = JSON.parse(process.argv[2]!) as [BackendName | null, UseBackendOptions?][];
const warnings: string[] = [];
console.warn = (...what: unknown[]) => warnings.push(what.join(' '));

const results: unknown[] = [];
for (const [name, options] of calls) {
  try {
    results.push(await useBackend(name ?? undefined, options));
  } catch (error) {
    const { code, message } = error as CnnzooError;
    results.push({ code, message });
  }
}
const { loaded = [] } = globalThis as { loaded?: string[] };
const two = tf.tidy(() => tf.add(tf.ones([1]), tf.ones([1])).dataSync()[0]);
console.log(JSON.stringify({ results, loaded, warnings, backend: tf.getBackend(), two }));
