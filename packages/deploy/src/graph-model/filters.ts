import type { ConvNode, GraphWeight } from '../graph/index.js';

/** Fewest input channels of a convolution that groups are joined to: smaller ones leave a GPU without work. */
const CHANNELS = 32;

/** A part of a grouped convolution, which is a convolution without groups. */
export interface Bunch {
  readonly weight: GraphWeight;
  readonly bias: GraphWeight | undefined;
  readonly channels: number;
}

const part = (
  weight: GraphWeight,
  name: string,
  shape: readonly number[],
  make: (values: Float32Array) => Float32Array,
) => ({
  name,
  shape,
  read: async () => make(await weight.read()),
});

/**
 * Splits a grouped convolution, which TensorFlow.js lacks, into convolutions of several groups each. Their kernels have zeros
 * between channels and filters of different groups.
 */
export function bunchesOf({ weight, bias, groups }: ConvNode): Bunch[] {
  const [rows, columns, channels, filters] = weight.shape as [number, number, number, number];
  const each = filters / groups;
  let size = 1;
  for (const candidate of Array.from({ length: groups }, (_, i) => i + 1))
    if (groups % candidate === 0) {
      size = candidate;
      if (candidate * channels >= CHANNELS) break;
    }
  return Array.from({ length: groups / size }, (_, bunch) => {
    const shape = [rows, columns, channels * size, each * size];
    const first = bunch * size;
    const kernel = part(weight, `${weight.name}.${bunch}`, shape, (values) => {
      const out = new Float32Array(rows * columns * channels * size * each * size);
      for (let position = 0; position < rows * columns; position++)
        for (let group = 0; group < size; group++)
          for (let channel = 0; channel < channels; channel++) {
            const from = (position * channels + channel) * filters + (first + group) * each;
            const to = ((position * size + group) * channels + channel) * each * size + group * each;
            out.set(values.subarray(from, from + each), to);
          }
      return out;
    });
    const terms =
      bias &&
      part(bias, `${bias.name}.${bunch}`, [each * size], (values) => values.slice(first * each, (first + size) * each));
    return { weight: kernel, bias: terms, channels: channels * size };
  });
}

/**
 * Writes a dilation into the filter, as zeros between its values: TensorFlow.js has no convolution with both a stride and a dilation.
 */
export function withoutDilation(node: ConvNode): ConvNode {
  const { weight, dilation, stride } = node;
  if (Math.max(...stride) === 1 || Math.max(...dilation) === 1) return node;
  const [rows, columns, channels, filters] = weight.shape as [number, number, number, number];
  const [height, width] = [dilation[0] * (rows - 1) + 1, dilation[1] * (columns - 1) + 1];
  const each = channels * filters;
  const spread = part(weight, weight.name, [height, width, channels, filters], (values) => {
    const out = new Float32Array(height * width * each);
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) {
        const from = (row * columns + column) * each;
        out.set(values.subarray(from, from + each), (row * dilation[0] * width + column * dilation[1]) * each);
      }
    return out;
  });
  return { ...node, weight: spread, dilation: [1, 1] };
}
