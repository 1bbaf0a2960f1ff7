import { readFile } from 'node:fs/promises';
import { env, InferenceSession, Tensor } from 'onnxruntime-web';

env.wasm.numThreads = 1;
env.logLevel = 'error';

/** Returns images [n, h, w, c] as [n, c, h, w]. */
export function channelsFirst(
  images: Float32Array,
  [n, h, w, c]: readonly [number, number, number, number],
): Float32Array {
  const first = new Float32Array(images.length);
  const pixels = h * w;
  for (let image = 0; image < n; image++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < c; channel++)
        first[(image * c + channel) * pixels + pixel] = images[(image * pixels + pixel) * c + channel]!;
  return first;
}

/** An ONNX file that onnxruntime runs. */
export class OnnxSession {
  private constructor(readonly session: InferenceSession) {}

  static async open(path: string): Promise<OnnxSession> {
    return new OnnxSession(await InferenceSession.create(await readFile(path)));
  }

  /** Runs float32 images [n, h, w, c] and returns the values of each output. */
  async run(images: Float32Array, shape: readonly [number, number, number, number]): Promise<Float32Array[]> {
    const [n, h, w, c] = shape;
    const results = await this.session.run({
      [this.session.inputNames[0]!]: new Tensor('float32', channelsFirst(images, shape), [n, c, h, w]),
    });
    return this.session.outputNames.map((name) => results[name]!.data as Float32Array);
  }

  close(): Promise<void> {
    return this.session.release();
  }
}
