import { workerPort } from '#platform';
import { isFrame } from '../images/late.js';
import type { WorkerPort } from '../platform/index.js';
import { CnnzooError } from '../util/index.js';
import type { Classifier } from '../zoo/index.js';
import {
  type Call,
  type Facts,
  failureOf,
  marked,
  ours,
  type Reply,
  type Request,
  type SentTensor,
} from './messages.js';

/** Options that `serveClassifier` gives to the function that makes its classifier, for `pretrained`. */
export interface ServeOptions {
  /** Reports the download to `inWorker`'s `progress`. */
  readonly progress: (state: { readonly loaded: number; readonly total: number | null }) => void;
}

/** Mark of a worker that serves, for every copy of core in it. */
const SERVES = Symbol.for('cnnzoo.serves');

/** Returns true for a Classifier of any copy of core. The class itself would bring all of its code along. */
const isClassifier = (value: unknown): value is Classifier =>
  (value as { cnnzoo?: unknown } | null | undefined)?.cnnzoo === 'classifier';

/** Runs calls one after the other, in the order in which they came. */
class Server {
  private classifier: Classifier | undefined;
  /** Reply to a program that asks how far the start is. */
  private state: Reply = { kind: 'serving' };
  /** End of the latest call. */
  private latest: Promise<unknown> = Promise.resolve();
  /** Controllers of calls that are not answered, by id. */
  private readonly controllers = new Map<number, AbortController>();

  constructor(private readonly port: WorkerPort) {
    port.listen(
      (message) => {
        const request = ours<Request>(message);
        if (request) this.hear(request);
      },
      () => this.post({ kind: 'unreadable' }),
    );
    this.post(this.state);
  }

  async start(make: (options: ServeOptions) => Classifier | Promise<Classifier>): Promise<void> {
    try {
      const classifier = await make({
        progress: ({ loaded, total }) => this.post({ kind: 'progress', loaded, total }),
      });
      if (!isClassifier(classifier))
        throw new CnnzooError(
          'INPUT',
          'serveClassifier: expected a function that resolves to a Classifier, as `() => resnet18.pretrained()`.',
        );
      this.classifier = classifier;
      const { preprocessing, categories, weights, activation } = classifier;
      const facts: Facts = { preprocessing, categories, weights, activation, lock: await this.port.lock() };
      this.tell({ kind: 'ready', facts });
    } catch (error) {
      this.refuse(error);
    }
  }

  /** Makes the program's `inWorker`, or its classifier, reject with the error. */
  refuse(error: unknown): void {
    this.tell({ kind: 'refused', failure: failureOf(error) });
  }

  private tell(state: Reply): void {
    if (this.state.kind === 'refused') return;
    this.state = state;
    this.post(state);
  }

  private post(reply: Reply, moved: readonly object[] = []): void {
    this.port.post(marked(reply), moved);
  }

  private hear(request: Request): void {
    if (request.kind === 'hello') this.post(this.state);
    else if (request.kind === 'abort') this.controllers.get(request.id)?.abort();
    else {
      const { id, call } = request;
      const controller = new AbortController();
      this.controllers.set(id, controller);
      this.latest = this.latest.then(() => this.answer(id, call, controller.signal));
    }
  }

  private async answer(id: number, call: Call, signal: AbortSignal): Promise<void> {
    try {
      const { value, moved } = await answerOf(this.classifier!, call, signal);
      this.post({ kind: 'answer', id, value }, moved);
    } catch (error) {
      this.post({ kind: 'failed', id, failure: failureOf(error) });
    } finally {
      this.controllers.delete(id);
      // The pictures of a call are copies, or were moved here.
      for (const image of Array.isArray(call.images) ? call.images : [call.images])
        if (typeof image === 'object' && isFrame(image)) image.close();
    }
  }
}

interface Answer {
  readonly value: unknown;
  readonly moved?: readonly object[];
}

/** Answers a call. The signal is already aborted if the call was stopped while it waited. */
async function answerOf(classifier: Classifier, call: Call, signal: AbortSignal): Promise<Answer> {
  const { method, images, names } = call;
  const options = { ...call.options, signal };
  // A sent image is one that a classifier takes: pixels have the members of an ImageData that are read.
  const given = images as Parameters<Classifier['activations']>[0] & string;
  if (method === 'classify') return { value: await classifier.classify(given, options) };
  if (method === 'embed') {
    const value = (await classifier.embed(given, options)) as Float32Array | Float32Array[];
    const rows = Array.isArray(value) ? value : [value];
    return { value, moved: rows.map(({ buffer }) => buffer as ArrayBuffer) };
  }
  const tensors = Object.entries(await classifier.activations(given, names!, options));
  const moved: ArrayBuffer[] = [];
  const value: Record<string, SentTensor> = {};
  try {
    for (const [name, tensor] of tensors) {
      // A copy: a backend may give out its own memory.
      const values = (await tensor.data()).slice();
      moved.push(values.buffer as ArrayBuffer);
      value[name] = { shape: tensor.shape, dtype: tensor.dtype as SentTensor['dtype'], values };
    }
  } finally {
    for (const [, tensor] of tensors) tensor.dispose();
  }
  return { value, moved };
}

/**
 * Serves a classifier to the page or program that started this worker by `inWorker`. It is called once, at the top of the worker's
 * file.
 *
 * The function chooses the backend, and passes its options on to see the download's progress. If it fails, `inWorker` rejects with its
 * error.
 *
 * @param make makes the classifier.
 * @throws CnnzooError INPUT outside of a worker, or if the worker serves one already.
 *
 * @example
 * ```ts
 * // net.worker.ts
 * import { useBackend } from '@cnnzoo/core';
 * import { serveClassifier } from '@cnnzoo/core/worker';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * serveClassifier(async (options) => {
 *   await useBackend('wasm');
 *   return resnet18.pretrained(options);
 * });
 * ```
 */
export function serveClassifier(make: (options: ServeOptions) => Classifier | Promise<Classifier>): void {
  if (typeof make !== 'function')
    throw new CnnzooError(
      'INPUT',
      `serveClassifier: expected a function that makes a classifier, received ${typeof make}.`,
    );
  const port = workerPort();
  if (!port)
    throw new CnnzooError(
      'INPUT',
      "serveClassifier: this is no worker. Call it in the worker's own file, and import that file nowhere else.",
    );
  const scope = globalThis as { [SERVES]?: Server };
  if (scope[SERVES]) {
    const error = new CnnzooError(
      'INPUT',
      'serveClassifier: this worker serves a classifier already. Make a worker for each.',
    );
    scope[SERVES].refuse(error);
    throw error;
  }
  scope[SERVES] = new Server(port);
  void scope[SERVES].start(make);
}
