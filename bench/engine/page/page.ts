/** Times of a net in a page, on the kernels or on onnxruntime-web. `../chromium.ts` opens it. */
import { createSession, readGraph } from '@cnnzoo/deploy';
import { type Compute, type InferenceTimes, inferenceTimes, openOnnx, values } from '../../deploy/inference.js';

declare global {
  /** Milliseconds of processor time that Chromium has used. */
  function processorTime(): Promise<number>;
}

async function kernels(url: string, threads: number): Promise<Compute> {
  const session = await createSession(await readGraph(url), { engine: 'kernels', threads });
  return async (images) =>
    (await session.run(values.subarray(0, images * 224 * 224 * 3), [images, 224, 224, 3])).length;
}

/**
 * @param stem URL of the net's files, without their endings.
 * @param runtime URL of onnxruntime-web's module. Default: the kernels compute.
 */
async function measure(stem: string, threads: number, runtime?: string): Promise<InferenceTimes> {
  if (!crossOriginIsolated)
    throw new Error('expected a cross-origin isolated page: without it, all engines have one thread');
  if (runtime === undefined) return inferenceTimes(processorTime, () => kernels(`${stem}.safetensors`, threads));
  const ort = (await import(/* @vite-ignore */ runtime)) as typeof import('onnxruntime-web');
  ort.env.wasm.numThreads = threads;
  return inferenceTimes(processorTime, () => openOnnx(ort, `${stem}.onnx`, threads));
}

Object.assign(globalThis, { measure });
