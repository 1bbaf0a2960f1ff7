import { type Classifier, CnnzooError, load, type Net, useBackend } from '@cnnzoo/core';
import { checkOptions, importInstalled, localPath, namesIn, openPath, shownValue } from '@cnnzoo/core/internal';
import { isThreadCount, MOST_THREADS } from '@cnnzoo/kernels/internal/engine';
import { type InferenceGraph, isGraph, isQuantized } from '../graph/index.js';
import { GRAPH_START, isGraphFile, readGraph } from '../graph-file/index.js';
import { KernelsEngine } from '../kernels/index.js';
import { type Content, graphContent, netContent } from './content.js';
import type { Engine, EngineName, SessionDtype } from './engine.js';
import { OnnxEngine } from './onnx-engine.js';
import { type OnnxRuntime, requireRuntime } from './runtimes.js';
import type { Session } from './session.js';
import { startSession } from './start-session.js';
import { TfjsEngine } from './tfjs-engine.js';

/** Options of `createSession`. */
export interface SessionOptions {
  /**
   * Engine that computes the net. Default: 'onnxruntime-node' if it is installed; in a page 'onnxruntime-web' on WebGPU if it is given as
   * `runtime` and the page has WebGPU; 'tfjs', the compiled net, if the backend in use is native or a GPU; else 'kernels', the
   * WebAssembly of `@cnnzoo/kernels` in a memory of its own.
   */
  engine?: EngineName | undefined;
  /**
   * Type of the weights and of the computation. Default: 'int8' for a graph that `quantize` made or `saveQuantized` wrote, and for no other;
   * else 'float32'. onnxruntime has 'float16' too.
   */
  dtype?: SessionDtype | undefined;
  /** Threads of onnxruntime and of the kernels. Default: the engine's own choice, the cores of the machine; in a worker the kernels take one. */
  threads?: number | undefined;
  /** The module `onnxruntime-web`, imported by the page, whose bundler can't be asked for it later. Default: in Node, the installed one. */
  runtime?: object | undefined;
}

const ENGINES: readonly EngineName[] = ['kernels', 'onnxruntime-node', 'onnxruntime-web', 'tfjs'];

const DTYPES: readonly SessionDtype[] = ['float32', 'float16', 'int8'];

/** Checks the options. */
function checkSession(options: SessionOptions): void {
  checkOptions('createSession', options, ['engine', 'dtype', 'threads', 'runtime']);
  const { engine, dtype, threads, runtime } = options;
  const refuse = (name: string, expected: string, value: unknown): never => {
    throw new CnnzooError('INPUT', `createSession: expected ${name} ${expected}, received ${shownValue(value)}.`);
  };
  if (engine !== undefined && !ENGINES.includes(engine)) refuse('engine', `'${ENGINES.join("', '")}'`, engine);
  if (dtype !== undefined && !DTYPES.includes(dtype)) refuse('dtype', `'${DTYPES.join("', '")}'`, dtype);
  if (threads !== undefined && !isThreadCount(threads)) refuse('threads', `from 1 to ${MOST_THREADS}`, threads);
  if ((engine === 'tfjs' || engine === 'kernels') && dtype === 'float16')
    refuse('dtype', `'float32' of the engine '${engine}', which has no float16`, dtype);
  if (runtime !== undefined && engine !== undefined && engine !== 'onnxruntime-web')
    throw new CnnzooError(
      'INPUT',
      `createSession: runtime is for the engine 'onnxruntime-web', and '${engine}' was asked for. Leave one of them out.`,
    );
}

/** Returns true for a file that `saveQuantized` or `saveGraph` wrote. */
async function isGraphPath(path: string | URL): Promise<boolean> {
  const file = await openPath(path);
  try {
    return isGraphFile(await file.read(0, Math.min(file.size, GRAPH_START)));
  } finally {
    await file.close();
  }
}

interface Registry {
  getModel(name: string): { pretrained(): Promise<Classifier> };
}

const isPlace = (net: Net | InferenceGraph | string | URL): net is string | URL =>
  typeof net === 'string' || (typeof net === 'object' && net !== null && 'href' in net);

/** Opens a saved net, the file of a graph, or a model by its name. */
async function open(source: string | URL): Promise<Classifier | InferenceGraph> {
  const text = String(source);
  const path = localPath(source);
  if (path?.endsWith('.safetensors') && (await isGraphPath(source))) return readGraph(source);
  await useBackend();
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

async function choose({ engine, runtime, dtype }: SessionOptions, { net }: Content): Promise<Chosen> {
  const given = runtime as OnnxRuntime | undefined;
  if (engine === 'tfjs') {
    // Reads and decodes the weights.
    await useBackend();
    return own(engine, 'tfjs was asked for.');
  }
  if (engine === 'kernels') return own(engine, 'kernels was asked for.');
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
  if (!net) return own('kernels', `${reason}: the kernels compute graphs.`);
  const backend = await useBackend();
  return SLOW_BACKENDS.includes(backend)
    ? own('kernels', `${reason}: the kernels are faster than the backend '${backend}'.`)
    : own('tfjs', `${reason}: the compiled net runs on the backend '${backend}'.`);
}

/**
 * Makes a session: a net that the fastest engine of this place computes, with the net's weights of the moment of the call. Later training of
 * the net does not reach it.
 *
 * @param net a Classifier or LayersModel, which stays as it is; a graph of `quantize` or `readGraph`; the path of a saved net or graph, the
 * URL of a saved net; or the name of a model of the package `cnnzoo`, with its default weights. A session of a graph has no `embed`.
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
export async function createSession(
  net: Net | InferenceGraph | string | URL,
  options: SessionOptions = {},
): Promise<Session> {
  checkSession(options);
  const start = performance.now();
  // Read before the first await: a training that goes on changes the weights.
  let content = isPlace(net) ? undefined : contentOf(net);
  let opened: Classifier | InferenceGraph | undefined;
  try {
    if (isPlace(net)) {
      opened = await open(net);
      content = contentOf(opened);
    }
    checkDtype(content!, options);
    const chosen = await choose(options, content!);
    return await sessionOf(content!, chosen, options, start);
  } finally {
    content?.dispose();
    if (opened && !isGraph(opened)) opened.dispose();
  }
}

const contentOf = (net: Net | InferenceGraph): Content => (isGraph(net) ? graphContent(net) : netContent(net));

/** Checks the options against what they are for. */
function checkDtype({ graph, net }: Content, { dtype, engine }: SessionOptions): void {
  if (dtype === 'int8' && !isQuantized(graph))
    throw new CnnzooError(
      'INPUT',
      `createSession: '${graph.name}' is not quantized, so it has no dtype 'int8'. Give the graph of ` +
        "'const { graph } = await quantize(net, images)', or leave dtype out.",
    );
  if (engine === 'tfjs' && !net)
    throw new CnnzooError(
      'INPUT',
      `createSession: '${graph.name}' is a graph, which the engine 'tfjs' can't compute: it needs the net itself. Use 'kernels' or ` +
        "'onnxruntime-node'.",
    );
}

async function sessionOf(
  { graph: given, facts, net }: Content,
  { engine, runtime, providers, reason }: Chosen,
  { dtype = isQuantized(given) ? 'int8' : 'float32', threads }: SessionOptions,
  start: number,
): Promise<Session> {
  const graph = dtype === 'int8' ? given : unquantized(given);
  const create = async (): Promise<Engine> => {
    switch (engine) {
      case 'tfjs':
        return TfjsEngine.create(net!.model, net!.weights);
      case 'kernels':
        return KernelsEngine.create(graph, { threads });
      default:
        return OnnxEngine.create(engine, runtime!, graph, { dtype, threads, providers });
    }
  };
  return startSession(
    'createSession',
    graph,
    facts,
    { engine, reason, takesAnySize: engine !== 'tfjs', create },
    start,
  );
}

/** Returns the graph in float32. */
function unquantized(graph: InferenceGraph): InferenceGraph {
  if (!isQuantized(graph)) return graph;
  const { quantization: _, ...rest } = graph;
  return rest;
}
