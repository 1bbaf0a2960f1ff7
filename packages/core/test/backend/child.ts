/**
 * Runs `useBackend` in a process of its own, where stand-ins can be installed, and installed packages hidden: see
 * choose.test.ts.
 */
import Module from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import { type BackendName, type UseBackendOptions, useBackend } from '../../src/backend/use-backend.js';
import type { CnnzooError } from '../../src/util/errors.js';

const calls = JSON.parse(process.argv[2]!) as [BackendName | BackendName[] | null, UseBackendOptions?][];
const hidden = process.argv[3]!.split(',');
const resolver = Module as unknown as { _resolveFilename: (request: string, ...rest: unknown[]) => string };
const resolve = resolver._resolveFilename;
resolver._resolveFilename = (request, ...rest) => {
  if (hidden.includes(request)) throw new Error(`Cannot find module '${request}'`);
  return resolve(request, ...rest);
};

const globalsBefore = Object.getOwnPropertyNames(globalThis);
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
const two = tf.engine().backendName ? (await tf.add(tf.ones([1]), tf.ones([1])).data())[0] : undefined;
const gpuGlobals = Object.getOwnPropertyNames(globalThis).filter(
  (name) => /^GPU/.test(name) && !globalsBefore.includes(name),
).length;
console.log(JSON.stringify({ results, loaded, warnings, backend: tf.engine().backendName ?? null, two, gpuGlobals }));
