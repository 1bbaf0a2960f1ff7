import { CnnzooError } from '@cnnzoo/core/internal/page';
import type { ConvNode, GraphValue, PoolNode, UpsampleNode } from '../graph/index.js';
import type { LoweredGraph, LoweredNode } from './lower.js';

/** Shapes of a graph's values for a batch of images, all extents known. */
export type Shapes = ReadonlyMap<GraphValue, readonly number[]>;

/** Shape of a value as a map: [images, height, width, channels]. Lists of features are maps of one pixel. */
export type MapExtents = readonly [images: number, height: number, width: number, channels: number];

export const product = (extents: readonly number[]): number => extents.reduce((all, extent) => all * extent, 1);

/** Views any shape as that of a map. */
export const mapExtents = (shape: readonly number[]): MapExtents =>
  shape.length === 4 ? (shape as readonly number[] as MapExtents) : [shape[0]!, 1, 1, product(shape.slice(1))];

const AXES = ['rows', 'columns'] as const;

/** Number of windows along an axis. */
function windows(node: ConvNode | PoolNode, axis: 0 | 1, size: number): number {
  const [before, after] = node.padding[axis];
  const stride = node.stride[axis];
  const span = node.op === 'conv' ? node.dilation[axis] * (node.weight.shape[axis]! - 1) + 1 : node.size[axis];
  let count: number;
  if (node.op === 'pool' && node.ceilMode) {
    count = Math.ceil((size + 2 * before - span) / stride) + 1;
    // PyTorch drops a window that begins in the padding after the input.
    if ((count - 1) * stride >= size + before) count--;
  } else count = Math.floor((size + before + after - span) / stride) + 1;
  if (count < 1)
    throw new CnnzooError(
      'SHAPE',
      `The layer '${node.name}' has windows of ${span} ${AXES[axis]}, and its input has ${size + before + after} with its ` +
        'padding. Use larger images.',
    );
  return count;
}

const upsampled = ({ size }: UpsampleNode, [n, h, w, c]: MapExtents): number[] => [n, h * size[0], w * size[1], c];

function outputShape(node: LoweredNode, inputs: readonly (readonly number[])[]): number[] {
  const shape = inputs[0]!;
  const [n, h, w, c] = shape as unknown as MapExtents;
  switch (node.op) {
    case 'conv':
      return [n, windows(node, 0, h), windows(node, 1, w), node.weight.shape[3]!];
    case 'binary':
      return shape.map((extent, axis) => Math.max(extent, inputs[1]![axis]!));
    case 'linear':
      return [n, node.weight.shape[1]!];
    case 'pool':
      return [n, windows(node, 0, h), windows(node, 1, w), c];
    case 'adaptive-pool':
      return [n, ...node.size, c];
    case 'global-pool':
      return [n, c];
    case 'concat': {
      const joined = [...shape];
      joined[node.axis] = inputs.reduce((sum, each) => sum + each[node.axis]!, 0);
      return joined;
    }
    case 'flatten':
      return [n, product(shape.slice(1))];
    case 'reshape':
      return [n, ...(node.output.shape.slice(1) as number[])];
    case 'transpose':
      return node.order.map((axis) => shape[axis]!);
    case 'pad':
      return [n, ...node.padding.map(([before, after], axis) => before + shape[axis + 1]! + after)];
    case 'upsample':
      return upsampled(node, [n, h, w, c]);
    default:
      return [...shape];
  }
}

/** Returns true if a node can be computed of inputs of these shapes. */
function fits(node: LoweredNode, inputs: readonly (readonly number[])[], shape: readonly number[]): boolean {
  switch (node.op) {
    case 'linear':
      return inputs[0]!.at(-1) === node.weight.shape[0];
    case 'reshape':
      return product(shape) === product(inputs[0]!);
    case 'concat':
      return inputs.every((each) => each.every((extent, axis) => axis === node.axis || extent === shape[axis]));
    case 'binary':
      // Axes of one value in the graph are repeated; others that have one here are too small.
      return inputs.every((each, i) =>
        each.every((extent, axis) => extent === shape[axis] || node.inputs[i]!.shape[axis] === 1),
      );
    default:
      return true;
  }
}

/**
 * Returns the shapes of all values for images [n, h, w, c].
 *
 * @throws CnnzooError SHAPE for images that are too small for a layer, or that do not fit the graph.
 */
export function shapesOf({ name, inputs, nodes }: LoweredGraph, images: readonly number[]): Shapes {
  const shapes = new Map<GraphValue, readonly number[]>([[inputs[0]!, images]]);
  for (const node of nodes) {
    const from = node.inputs.map((value) => shapes.get(value)!);
    const shape = outputShape(node, from);
    if (!fits(node, from, shape))
      throw new CnnzooError(
        'SHAPE',
        `'${name}' does not take images of [${images}]: the layer '${node.name}' receives [${from.join('] and [')}]. Use images of ` +
          'the size that the net was built for.',
      );
    shapes.set(node.output, shape);
  }
  return shapes;
}
