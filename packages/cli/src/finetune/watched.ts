import type { Batch, Dataset, FilesDataset } from '@cnnzoo/core/data';

/** The same data set; `onImages` hears how many images of a pass have been handed out. */
export function watched(data: FilesDataset, onImages: (done: number) => void): Dataset {
  const { size, categories, fromFiles } = data;
  async function* batches(options: Parameters<Dataset['batches']>[0]): AsyncGenerator<Batch, void, void> {
    let done = 0;
    for await (const batch of data.batches(options)) {
      done += batch.x.shape[0];
      yield batch;
      onImages(done);
    }
  }
  return { size, categories, fromFiles, batches, fingerprint: () => data.fingerprint() };
}
