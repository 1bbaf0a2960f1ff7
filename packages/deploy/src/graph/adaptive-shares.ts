/**
 * Returns weights [out, size]: row i holds the weight of each of `size` inputs in output i, the mean over floor(i size / out) …
 * ceil((i + 1) size / out) (PyTorch's rule, ATen's AdaptivePooling.h).
 */
export const adaptiveShares = (size: number, out: number): Float32Array =>
  Float32Array.from({ length: out * size }, (_, at) => {
    const [i, j] = [Math.floor(at / size), at % size];
    const [start, end] = [Math.floor((i * size) / out), Math.ceil(((i + 1) * size) / out)];
    return j >= start && j < end ? 1 / (end - start) : 0;
  });
