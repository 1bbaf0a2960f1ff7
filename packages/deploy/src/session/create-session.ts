import { type Classifier, CnnzooError, load, type Net, useBackend } from '@cnnzoo/core';
import {
  categoriesOf,
  checkOptions,
  featuresOf,
  importInstalled,
  localPath,
  modelOf,
  namesIn,
  noteOf,
  outputActivationOf,
  preprocessingOf,
  shownValue,
  WeightsSnapshot,
} from '@cnnzoo/core/internal';
import { type LayersModel, model as tfModel } from '@tensorflow/tfjs-layers';
import { graphOf, type InferenceGraph } from '../graph/index.js';
import { KernelsEngine } from '../kernels/index.js';
import type { OnnxDtype } from '../onnx/index.js';
import { sourceOf } from '../snapshot.js';
import type { Engine, EngineName } from './engine.js';
import { OnnxEngine } from './onnx-engine.js';
import { type OnnxRuntime, requireRuntime } from './runtimes.js';
import type { Session } from './session.js';
import { factsOf, type GraphSessionFacts, startSession } from './start-session.js';
import { TfjsEngine } from './tfjs-engine.js';

/** Options of `createSession`. */
export interface SessionOptions {
  /**
   * Engine that computes the net. Default: 'onnxruntime-node' if it is installed; in a page 'onnxruntime-web' on WebGPU if it is given as
   * `runtime` and the page has WebGPU; 'tfjs', the compiled net, if the backend in use is native or a GPU; else 'kernels', the
   * WebAssembly of `@cnnzoo/kernels` in a memory of its own.
   */
  engine?: EngineName | undefined;
  /** Type of the weights and of the computation in onnxruntime. Default: 'float32'. */
  dtype?: OnnxDtype | undefined;
  /** Threads of onnxruntime and of the kernels. Default: the engine's own choice, the cores of the machine; in a worker the kernels take one. */
  threads?: number | undefined;
  /** The module `onnxruntime-web`, imported by the page, whose bundler can't be asked for it later. Default: in Node, the installed one. */
  runtime?: object | undefined;
}

const ENGINES: readonly EngineName[] = ['kernels', 'onnxruntime-node', 'onnxruntime-web', 'tfjs'];

/** Checks the options. */
function checkSession(options: SessionOptions): void {
  checkOptions('createSession', options, ['engine', 'dtype', 'threads', 'runtime']);
  const { engine, dtype, threads, runtime } = options;
  const refuse = (name: string, expected: string, value: unknown): never => {
    throw new CnnzooError('INPUT', `createSession: expected ${name} ${expected}, received ${shownValue(value)}.`);
  };
  if (engine !== undefined && !ENGINES.includes(engine)) refuse('engine', `'${ENGINES.join("', '")}'`, engine);
  if (dtype !== undefined && dtype !== 'float32' && dtype !== 'float16')
    refuse('dtype', "'float32' or 'float16'", dtype);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) refuse('threads', '1, 2, …', threads);
  if ((engine === 'tfjs' || engine === 'kernels') && dtype === 'float16')
    refuse('dtype', `'float32' of the engine '${engine}', which has no float16`, dtype);
  if (runtime !== undefined && engine !== undefined && engine !== 'onnxruntime-web')
    throw new CnnzooError(
      'INPUT',
      `createSession: runtime is for the engine 'onnxruntime-web', and '${engine}' was asked for. Leave one of them out.`,
    );
}

interface Registry {
  getModel(name: string): { pretrained(): Promise<Classifier> };
}

const isPlace = (net: Net | string | URL): net is string | URL =>
  typeof net === 'string' || (typeof net === 'object' && net !== null && 'href' in net);

/** Opens a saved net, or a model by its name. */
async function open(source: string | URL): Promise<Classifier> {
  const text = String(source);
  const path = localPath(source);
  // A name without a separator or ending that is nothing here may be a model's.
  const isName = path !== undefined && /^\w+$/.test(text) && !(await namesIn('.')).includes(text);
  if (!isName) return load(source);
  const registry = (await importInstalled('cnnzoo')) as Registry | undefined;
  if (registry) return registry.getModel(text).pretrained();
  throw new CnnzooError(
    'FILE',
    `createSession: there is no '${text}' here. To use it as the name of a model, install the package 'cnnzoo', or give the net itself.`,
  );
}

/** Makes a net of the logits and, if the net knows its head, of the features before it. */
function withFeatures(model: LayersModel): { readonly both: LayersModel; readonly features: number | undefined } {
  if (!noteOf(model)) return { both: model, features: undefined };
  const [features] = featuresOf(model).outputs;
  const both = tfModel({ inputs: model.inputs, outputs: [...model.outputs, features!], name: model.name });
  return { both, features: model.outputs.length };
}

interface Chosen {
  readonly engine: EngineName;
  readonly runtime: OnnxRuntime | undefined;
  readonly providers: readonly string[];
  readonly reason: string;
}

const hasWebGpu = (): boolean => typeof document !== 'undefined' && 'gpu' in navigator;

/** Backends that run in WebAssembly or JavaScript. */
const SLOW_BACKENDS: readonly string[] = ['wasm', 'cpu'];

const own = (engine: 'kernels' | 'tfjs', reason: string): Chosen => ({
  engine,
  runtime: undefined,
  providers: [],
  reason,
});

async function choose({ engine, runtime, dtype }: SessionOptions): Promise<Chosen> {
  const given = runtime as OnnxRuntime | undefined;
  if (engine === 'tfjs' || engine === 'kernels') return own(engine, `${engine} was asked for.`);
  if (engine !== undefined) {
    const providers = engine === 'onnxruntime-node' ? ['cpu'] : hasWebGpu() ? ['webgpu', 'wasm'] : ['wasm'];
    return { engine, runtime: given ?? (await requireRuntime(engine)), providers, reason: `${engine} was asked for.` };
  }
  if (given && hasWebGpu())
    return {
      engine: 'onnxruntime-web',
      runtime: given,
      providers: ['webgpu'],
      reason: 'onnxruntime-web was given, and the page has WebGPU.',
    };
  let failure = 'onnxruntime-node is not installed';
  try {
    const found = (await importInstalled('onnxruntime-node')) as OnnxRuntime | undefined;
    if (found)
      return {
        engine: 'onnxruntime-node',
        runtime: found,
        providers: ['cpu'],
        reason: 'onnxruntime-node is installed.',
      };
  } catch (error) {
    failure = `onnxruntime-node can't be loaded (${(error as Error).message})`;
  }
  if (dtype === 'float16')
    throw new CnnzooError(
      'BACKEND',
      `createSession: ${failure}, and what is there has no float16. Leave dtype 'float16' out, or install an engine: ` +
        "'npm install onnxruntime-node'.",
    );
  const reason = `${failure}${given ? ', and the page has no WebGPU' : ''}`;
  const backend = await useBackend();
  return SLOW_BACKENDS.includes(backend)
    ? own('kernels', `${reason}: the kernels are faster than the backend '${backend}'.`)
    : own('tfjs', `${reason}: the compiled net runs on the backend '${backend}'.`);
}

/**
 * Makes a session: a net that the fastest engine of this place computes, with the net's weights of the moment of the call. Later training of
 * the net does not reach it.
 *
 * @param net a Classifier or LayersModel, which stays as it is; the path or URL of a saved net; or the name of a model of the package
 * `cnnzoo`, with its default weights.
 * @throws CnnzooError BACKEND if an engine that was asked for is not installed or does not start; INPUT for an unknown option, a layer that
 * the engine can't compute, or a value that is no net; FILE, FORMAT, STATE_DICT or DOWNLOAD for a net that can't be opened.
 *
 * @example
 * ```ts
 * import { createSession } from '@cnnzoo/deploy';
 *
 * const session = await createSession('resnet50', { engine: 'onnxruntime-node' });
 * const [best] = await session.classify('cat.jpg');
 * console.log(best!.label, session.times.warmUp);
 * await session.dispose();
 * ```
 */
export async function createSession(net: Net | string | URL, options: SessionOptions = {}): Promise<Session> {
  checkSession(options);
  const start = performance.now();
  // Read before the first await: a training that goes on changes the weights.
  const given = isPlace(net) ? undefined : new Content(net);
  let opened: Classifier | undefined;
  let content = given;
  try {
    const chosen = await choose(options);
    // tfjs reads and decodes the weights.
    await useBackend();
    if (isPlace(net)) {
      opened = await open(net);
      content = new Content(opened);
    }
    return await sessionOf(content!, chosen, options, start);
  } finally {
    content?.dispose();
    opened?.dispose();
  }
}

/** A net as it is at one moment. Owns tensors, which copy nothing. */
class Content {
  readonly weights: WeightsSnapshot;
  readonly both: LayersModel;
  readonly graph: InferenceGraph;
  readonly facts: GraphSessionFacts;

  constructor(net: Net) {
    const model = modelOf(net);
    this.weights = new WeightsSnapshot(model);
    try {
      const { both, features } = withFeatures(model);
      this.both = both;
      this.graph = graphOf(both, sourceOf(this.weights));
      this.facts = {
        ...factsOf('createSession', this.graph),
        // The net of logits and features has no categories and no preprocessing of its own.
        categories: categoriesOf(net) ?? null,
        preprocessing: preprocessingOf(net) ?? null,
        activation: outputActivationOf(model),
        features,
      };
    } catch (error) {
      this.weights.dispose();
      throw error;
    }
  }

  dispose(): void {
    this.weights.dispose();
  }
}

async function sessionOf(
  { weights, both, graph, facts }: Content,
  { engine, runtime, providers, reason }: Chosen,
  { dtype = 'float32', threads }: SessionOptions,
  start: number,
): Promise<Session> {
  return startSession(
    'createSession',
    graph,
    facts,
    {
      engine,
      reason,
      takesAnySize: engine !== 'tfjs',
      create: async (): Promise<Engine> => {
        if (engine === 'tfjs') return TfjsEngine.create(both, weights);
        if (engine === 'kernels') return KernelsEngine.create(graph, { threads });
        return OnnxEngine.create(engine, runtime!, graph, { dtype, threads, providers });
      },
    },
    start,
  );
}
