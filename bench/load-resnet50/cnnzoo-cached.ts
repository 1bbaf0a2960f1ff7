/** Second start: the checkpoint of the URL argv[2] is in the cache, and is hashed before use. */
import { useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import { report } from '../harness/report.js';

const url = process.argv[2]!;
const hashPrefix = /-([0-9a-f]{8})\.\w+$/.exec(url)?.[1];
if (!hashPrefix) throw new Error(`expected a URL with the first digits of the hash in it, received ${url}`);
const entry = {
  ...resnet50.weights.DEFAULT,
  name: 'BENCH',
  sources: [{ kind: 'publisher' as const, url, hashPrefix }],
};

await useBackend('wasm');
await report(() => resnet50.pretrained({ weights: entry }));
