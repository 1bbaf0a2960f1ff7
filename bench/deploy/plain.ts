/**
 * Runs the ONNX file argv[2] by onnxruntime-node or onnxruntime-web, argv[3], alone, with argv[4] threads. Without the number they choose:
 * onnxruntime-web takes one on two cores.
 */
import { openOnnx } from './inference.js';
import { measureInference } from './measure.js';

const [, , path, engine, count] = process.argv;
const threads = count === undefined ? undefined : Number(count);
const runtime = (await import(engine!)) as typeof import('onnxruntime-web');
if (threads !== undefined && engine === 'onnxruntime-web') runtime.env.wasm.numThreads = threads;
await measureInference(() => openOnnx(runtime, path!, threads));
