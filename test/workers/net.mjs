// A worker's file, as a user writes it; `workerData` chooses the faults of test/worker.test.ts.
import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { CnnzooError, useBackend } from '@cnnzoo/core';
import { serveClassifier } from '@cnnzoo/core/worker';
import { resnet20 } from '@cnnzoo/resnet';

const { mode, backend = 'wasm' } = workerData ?? {};

async function make(options) {
  if (mode === 'fails')
    throw new CnnzooError('DOWNLOAD', 'no such server', {
      cause: new TypeError('fetch failed', { cause: 'ENOTFOUND' }),
    });
  if (mode === 'breaks') throw new RangeError('a fault of its own');
  if (mode === 'no classifier') return {};
  options.progress({ loaded: 1, total: 2 });
  await useBackend(backend);
  const net = await resnet20.pretrained(options);
  return mode === 'fake' ? fake(net) : net;
}

/** A classifier whose calls wait for a signal or a message, and which says what became of each. */
function fake({ preprocessing, categories, activation }) {
  const log = [];
  return {
    cnnzoo: 'classifier',
    preprocessing,
    categories,
    activation,
    async classify(image, { signal }) {
      if (image.endsWith('log')) return log;
      log.push(`begins ${image}`);
      if (image === 'odd answer') return [() => image];
      if (image === 'odd error') throw Object.assign(new Error(image), { stack: [() => image] });
      if (image === 'slow') await wait(50);
      if (image === 'dies') process.exit(3);
      if (image === 'throws')
        setImmediate(() => {
          throw new Error('out of memory, say');
        });
      if (image !== 'slow' && image !== 'fast')
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            log.push(`aborts ${image}`);
            reject(new CnnzooError('ABORTED', 'stopped'));
          });
        });
      log.push(`ends ${image}`);
      return [image];
    },
  };
}

// Messages that are not ours.
parentPort.postMessage(null);
parentPort.postMessage({ kind: 'ready', facts: {} });
parentPort.on('message', (message) => {
  if (message === 'ping') parentPort.postMessage('pong');
});

if (mode === 'throws') throw new Error('a fault of the file');
if (mode === 'late') await wait(100);
if (mode !== 'nothing') serveClassifier(make);
if (mode === 'twice') serveClassifier(make);
