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
} from '@cnnzoo/core/internal';
import { type LayersModel, model as tfModel } from '@tensorflow/tfjs-layers';
import { inferenceGraph } from '../graph/index.js';
import type { OnnxDtype } from '../onnx/index.js';
import type { Engine, EngineName } from './engine.js';
import { OnnxEngine } from './onnx-engine.js';
import { type OnnxRuntime, requireRuntime } from './runtimes.js';
import { Session } from './session.js';
import { TfjsEngine } from './tfjs-engine.js';

/** Options of `createSession`. */
export interface SessionOptions {
  /**
   * Engine that computes the net. Default: 'onnxruntime-node' if it is installed; in a page 'onnxruntime-web' on WebGPU if it is given as
   * `runtime` and the page has WebGPU; else 'tfjs', the compiled net on the backend in use.
   */
  engine?: EngineName | undefined;
  /** Type of the weights and of the computation in onnxruntime. Default: 'float32'. */
  dtype?: OnnxDtype | undefined;
  /** Threads of onnxruntime. Default: its own choice, the cores of the machine. */
  threads?: number | undefined;
  /** The module `onnxruntime-web`, imported by the page, whose bundler can't be asked for it later. Default: in Node, the installed one. */
  runtime?: object | undefined;
}

const ENGINES: readonly EngineName[] = ['onnxruntime-node', 'onnxruntime-web', 'tfjs'];

/** Checks the options. */
function checkSession(options: SessionOptions): void {
  checkOptions('createSession', options, ['engine', 'dtype', 'threads', 'runtime']);
  const { engine, dtype, threads } = options;
  const refuse = (name: string, expected: string, value: unknown): never => {
    throw new CnnzooError('INPUT', `createSession: expected ${name} ${expected}, received ${shownValue(value)}.`);
  };
  if (engine !== undefined && !ENGINES.includes(engine)) refuse('engine', `'${ENGINES.join("', '")}'`, engine);
  if (dtype !== undefined && dtype !== 'float32' && dtype !== 'float16')
    refuse('dtype', "'float32' or 'float16'", dtype);
  if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) refuse('threads', '1, 2, …', threads);
  if (engine === 'tfjs' && (dtype ?? 'float32') !== 'float32')
    refuse('dtype', "'float32' of the engine 'tfjs', which has no other", dtype);
}

/** A net that is open for a session, and whether it was opened for it. */
interface Opened {
  readonly net: Net;
  readonly isOwn: boolean;
}

interface Registry {
  listModels(): readonly string[];
  getModel(name: string): { pretrained(): Promise<Classifier> };
}

/** Opens a saved net, or a model by its name. */
async function open(source: Net | string | URL): Promise<Opened> {
  if (typeof source !== 'string' && !(typeof source === 'object' && source !== null && 'href' in source))
    return { net: source as Net, isOwn: false };
  const text = String(source);
  const path = localPath(source as string | URL);
  // A name without a separator or ending that is nothing here may be a model's.
  const isName = path !== undefined && /^\w+$/.test(text) && !(await namesIn('.')).includes(text);
  if (!isName) return { net: await load(source as string | URL), isOwn: true };
  const registry = (await importInstalled('cnnzoo')) as Registry | undefined;
  if (!registry)
    throw new CnnzooError(
      'FILE',
      `createSession: there is no '${text}' here. To use it as the name of a model, install the package 'cnnzoo', or give the net itself.`,
    );
  return { net: await registry.getModel(text).pretrained(), isOwn: true };
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

async function choose({ engine, runtime }: SessionOptions): Promise<Chosen> {
  const given = runtime as OnnxRuntime | undefined;
  if (engine === 'tfjs') return { engine, runtime: undefined, providers: [], reason: 'tfjs was asked for.' };
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
  const reason = `${failure}${given ? ', and the page has no WebGPU' : ''}: the compiled net runs on the backend in use.`;
  return { engine: 'tfjs', runtime: undefined, providers: [], reason };
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
  const chosen = await choose(options);
  // tfjs reads and decodes the weights.
  await useBackend();
  const opened = await open(net);
  try {
    return await sessionOf(opened.net, chosen, options, start);
  } finally {
    if (opened.isOwn) (opened.net as Classifier).dispose();
  }
}

async function sessionOf(
  net: Net,
  { engine, runtime, providers, reason }: Chosen,
  { dtype = 'float32', threads }: SessionOptions,
  start: number,
): Promise<Session> {
  const model = modelOf(net);
  const { both, features } = withFeatures(model);
  const { anySize, inputs } = inferenceGraph(both);
  if (inputs.length !== 1 || inputs[0]!.shape.length !== 4)
    throw new CnnzooError('INPUT', `createSession: '${model.name}' takes other inputs than one batch of images.`);
  const program: Engine =
    engine === 'tfjs'
      ? await TfjsEngine.create(both)
      : await started(engine, () => OnnxEngine.create(engine, runtime!, both, { dtype, threads, providers }));
  const loaded = performance.now();
  const [, height, width, channels] = inputs[0]!.shape;
  const preprocessing = preprocessingOf(net) ?? null;
  const [rows, columns] = [height ?? preprocessing?.crop[0], width ?? preprocessing?.crop[1]];
  if (rows && columns) await program.run(new Float32Array(rows * columns * channels!), [1, rows, columns, channels!]);
  const facts = {
    model: model.name,
    input: [null, ...(anySize && engine !== 'tfjs' ? [null, null] : [height!, width!]), channels!],
    classes: model.outputs[0]!.shape.at(-1)!,
    categories: categoriesOf(net) ?? null,
    preprocessing,
    activation: outputActivationOf(model),
    features,
    reason,
  };
  return new Session(program, facts, { load: loaded - start, warmUp: performance.now() - loaded });
}

/** @throws CnnzooError BACKEND for an error of the engine's own. */
async function started(engine: EngineName, create: () => Promise<Engine>): Promise<Engine> {
  try {
    return await create();
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    throw new CnnzooError('BACKEND', `createSession: '${engine}' did not start: ${(cause as Error).message}`, {
      cause,
    });
  }
}
