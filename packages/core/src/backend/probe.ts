import { conv2d, engine, setBackend, tensor4d, tidy } from '@tensorflow/tfjs-core';

/** Convolution of 1 to 9, as an image of 3 x 3, with the filter [[1, 2], [3, 4]]. */
const EXPECTED = [37, 47, 67, 77];

const convolved = () =>
  tidy(() =>
    conv2d(tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]), tensor4d([1, 2, 3, 4], [2, 2, 1, 1]), 1, 'valid'),
  );

/**
 * Tries a backend that has started with a small convolution: some load and can't compute. The current backend stays
 * the current one, if there is one.
 *
 * @throws Error if the convolution throws or has a wrong result.
 */
export async function probe(name: string): Promise<void> {
  const before = engine().backendName;
  // Both changes are synchronous, since the backends have started: work that goes on meanwhile does not see them.
  void setBackend(name);
  let y: ReturnType<typeof convolved>;
  try {
    y = convolved();
  } finally {
    if (before && engine().registry[before]) void setBackend(before);
  }
  try {
    const values = [...(await y.data())];
    if (EXPECTED.some((value, i) => values[i] !== value))
      throw new Error(`a small convolution gives ${values.join(', ')} instead of ${EXPECTED.join(', ')}.`);
  } finally {
    y.dispose();
  }
}
