/**
 * Decodes, resizes, crops and normalises the photograph argv[2] for ResNet-50. argv[3] is the codec: 'sharp' or 'wasm'.
 */
import { register } from 'node:module';
import { useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import { reportMedian } from '../harness/report.js';

const [, , photo, codec] = process.argv as [string, string, string, string];

// Hides sharp, which core would otherwise use, as on a machine without it.
const HIDE_SHARP = `export async function resolve(specifier, context, next) {
  if (specifier === 'sharp') throw Object.assign(new Error("Cannot find package 'sharp'"), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(specifier, context);
}`;
if (codec === 'wasm') register(`data:text/javascript,${encodeURIComponent(HIDE_SHARP)}`);

await useBackend('wasm');
await reportMedian(5, async () => {
  (await resnet50.weights.DEFAULT.preprocess(photo)).dispose();
});
