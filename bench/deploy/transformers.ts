/**
 * Classifies by the pipeline of @huggingface/transformers, installed in the folder argv[2], with the model of the folder argv[3]: images of
 * 224 px, or, if argv[4] names a folder, all JPEGs in it.
 */
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { measureInference, values } from './measure.js';
import { measurePhotos } from './photos.js';

/** Members of @huggingface/transformers that are used here. */
interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  readonly RawImage: new (data: Uint8Array, width: number, height: number, channels: number) => object;
  pipeline(
    task: 'image-classification',
    model: string,
    options: { readonly dtype: 'fp32'; readonly device: 'cpu' },
  ): Promise<(images: readonly (object | string)[], options: { readonly top_k: number }) => Promise<unknown[][]>>;
}

const [, , installed, model, photos] = process.argv;
const entry = createRequire(join(installed!, 'package.json')).resolve('@huggingface/transformers');
const { env, pipeline, RawImage } = (await import(pathToFileURL(entry).href)) as Transformers;
env.localModelPath = dirname(model!);
env.allowRemoteModels = false;
const open = () => pipeline('image-classification', basename(model!), { dtype: 'fp32', device: 'cpu' });

if (photos) {
  const classify = await open();
  await measurePhotos(photos, async (paths, batchSize) => {
    let count = 0;
    for (let i = 0; i < paths.length; i += batchSize)
      count += (await classify(paths.slice(i, i + batchSize), { top_k: 5 })).length;
    return count;
  });
} else
  await measureInference(async () => {
    const classify = await open();
    const pixels = Uint8Array.from(values.subarray(0, 224 * 224 * 3), (value) => (value + 2) * 63);
    const image = new RawImage(pixels, 224, 224, 3);
    return async (images) => {
      const answers = await classify(new Array<object>(images).fill(image), { top_k: 1000 });
      return answers.reduce((count, { length }) => count + length, 0);
    };
  });
