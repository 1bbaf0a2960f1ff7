/** First start with a local checkpoint, argv[2]. `pretrained` hashes it to identify it. */
import { useBackend } from '@cnnzoo/core';
import { resnet50 } from '@cnnzoo/resnet';
import { report } from '../harness/report.js';

await useBackend('wasm');
await report(() => resnet50.pretrained({ weights: process.argv[2]! }));
