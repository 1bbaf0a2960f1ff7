import { useBackend } from '@cnnzoo/core';
import { serveClassifier } from '@cnnzoo/core/worker';
import { resnet20 } from '@cnnzoo/resnet';

serveClassifier(async (options) => {
  await useBackend('wasm');
  return resnet20.pretrained(options);
});

addEventListener('message', ({ data }) => {
  if (data === 'close') close();
});
