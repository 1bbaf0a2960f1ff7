import { leastBy, type ProcessorTime, type Times, timedBy } from '../harness/times.js';

// Without Node: pages measure by it too.

/** Computes the logits of a batch of images of 224 px. Returns how many there are. */
export type Compute = (images: number) => Promise<number>;

/** Times of a net, with figures in milliseconds by name. */
export type InferenceTimes = Times & { readonly figures: Readonly<Record<string, number>> };

/** Measures the first answer (opening and one image), and the least time of one image and of eight. */
export async function inferenceTimes(used: ProcessorTime, open: () => Promise<Compute>): Promise<InferenceTimes> {
  let compute: Compute | undefined;
  const checked = async (images: number) => {
    const count = await compute!(images);
    if (count !== images * 1000) throw new Error(`expected ${images * 1000} logits, received ${count}`);
  };
  const first = await timedBy(used, async () => {
    compute = await open();
    await checked(1);
  });
  const one = await leastBy(used, 2, () => checked(1));
  const eight = await leastBy(used, 3, () => checked(8));
  return { ...one, figures: { first: first.ms, '8 images': eight.ms } };
}

/** Pixels of up to eight images, normalised. */
export const values = Float32Array.from({ length: 8 * 224 * 224 * 3 }, (_, i) => Math.sin(i) * 2);

type OnnxRuntime = typeof import('onnxruntime-web');

/** Opens an ONNX file, by its path or URL, in a runtime. Without `threads` the runtime chooses their number. */
export async function openOnnx(
  { InferenceSession, Tensor }: OnnxRuntime,
  place: string,
  threads: number | undefined,
): Promise<Compute> {
  const session = await InferenceSession.create(place, {
    graphOptimizationLevel: 'all',
    ...(threads !== undefined && { intraOpNumThreads: threads }),
  });
  return async (images) => {
    const batch = new Tensor('float32', values.slice(0, images * 3 * 224 * 224), [images, 3, 224, 224]);
    const outputs = await session.run({ [session.inputNames[0]!]: batch });
    return outputs[session.outputNames[0]!]!.data.length;
  };
}
