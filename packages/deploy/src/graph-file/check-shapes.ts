import type { Extent, GraphNode, GraphWeight } from '../graph/index.js';

type Shape = readonly Extent[];

/** Throws an error about a node: 'has a bias of [3]'. */
type Refuse = (wrong: string) => never;

const shown = (shape: Shape): string => `[${shape.map((extent) => extent ?? 'any').join(', ')}]`;

function requireWeight({ name, shape }: GraphWeight, expected: readonly number[], refuse: Refuse): void {
  if (shape.join() !== expected.join()) refuse(`has '${name}' of ${shown(shape)} in place of ${shown(expected)}`);
}

/** Product of extents; null if one is not known. */
const productOf = (extents: Shape): Extent =>
  extents.reduce<Extent>((product, extent) => (product === null || extent === null ? null : product * extent), 1);

function windows(
  size: Extent,
  [before, after]: readonly [number, number],
  span: number,
  stride: number,
  refuse: Refuse,
): Extent {
  if (size === null) return null;
  const count = Math.floor((size + before + after - span) / stride) + 1;
  return count >= 1 ? count : refuse(`has windows of ${span} on ${size + before + after} pixels`);
}

function broadcast(a: Extent, b: Extent, refuse: Refuse): Extent {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  return refuse(`combines extents of ${a} and ${b}`);
}

/**
 * Computes the shape of a node's output, and checks that its inputs and weights fit each other.
 *
 * @param refuse Throws an error about the node.
 */
function outputShape(node: GraphNode, refuse: Refuse): Shape {
  const shapes = node.inputs.map(({ shape }) => shape);
  const [shape] = shapes as [Shape];
  const isMerge = node.op === 'binary' || node.op === 'concat';
  if (node.op === 'binary' ? shapes.length !== 2 : !isMerge && shapes.length !== 1)
    refuse(`has ${shapes.length} inputs`);
  if (isMerge && shapes.some(({ length }) => length !== shape.length)) refuse('joins values of different axes');
  const channels = shape.at(-1) ?? refuse('has an input of unknown channels');
  const [n, h, w] = shape as [Extent, Extent, Extent];
  const requireMap = (): void => {
    if (shape.length !== 4) refuse(`takes maps, and its input is ${shown(shape)}`);
  };
  switch (node.op) {
    case 'conv': {
      requireMap();
      const { weight, bias, groups, dilation, padding, stride } = node;
      if (weight.shape.length !== 4) refuse(`has '${weight.name}' of ${shown(weight.shape)} in place of four axes`);
      const [rows, columns, taken, filters] = weight.shape as [number, number, number, number];
      if (taken * groups !== channels || filters % groups !== 0)
        refuse(`has '${weight.name}' of ${shown(weight.shape)} for ${channels} channels in ${groups} groups`);
      if (bias) requireWeight(bias, [filters], refuse);
      return [
        n,
        windows(h, padding[0], dilation[0] * (rows - 1) + 1, stride[0], refuse),
        windows(w, padding[1], dilation[1] * (columns - 1) + 1, stride[1], refuse),
        filters,
      ];
    }
    case 'linear': {
      if (shape.length !== 2) refuse(`takes features, and its input is ${shown(shape)}`);
      const { weight, bias } = node;
      const units = weight.shape.at(-1)!;
      requireWeight(weight, [channels, units], refuse);
      if (bias) requireWeight(bias, [units], refuse);
      return [n, units];
    }
    case 'scale':
      requireWeight(node.scale, [channels], refuse);
      requireWeight(node.shift, [channels], refuse);
      return shape;
    case 'group-norm':
      if (channels % node.groups !== 0) refuse(`has ${node.groups} groups of ${channels} channels`);
      requireWeight(node.weight, [channels], refuse);
      requireWeight(node.bias, [channels], refuse);
      return shape;
    case 'binary':
      return shape.map((extent, axis) => broadcast(extent, shapes[1]![axis]!, refuse));
    case 'pool':
      requireMap();
      return [
        n,
        windows(h, node.padding[0], node.size[0], node.stride[0], refuse),
        windows(w, node.padding[1], node.size[1], node.stride[1], refuse),
        channels,
      ];
    case 'adaptive-pool':
      requireMap();
      return [n, ...node.size, channels];
    case 'global-pool':
      requireMap();
      return [n, channels];
    case 'concat': {
      const { axis } = node;
      if (axis >= shape.length) refuse(`joins axis ${axis} of ${shown(shape)}`);
      return shape.map((extent, i) => {
        const extents = shapes.map((each) => each[i]!);
        if (i === axis)
          return extents.reduce<Extent>((sum, each) => (sum === null || each === null ? null : sum + each), 0);
        return extents.every((each) => each === extent) ? extent : refuse(`joins extents of ${extents.join(' and ')}`);
      });
    }
    case 'transpose': {
      const { order } = node;
      if (order[0] !== 0 || [...order].sort((a, b) => a - b).join() !== shape.map((_, axis) => axis).join())
        refuse(`puts the axes of ${shown(shape)} in the order ${order.join(' ')}`);
      return order.map((axis) => shape[axis]!);
    }
    case 'reshape':
      return productOf(node.output.shape.slice(1)) === productOf(shape.slice(1))
        ? [n, ...node.output.shape.slice(1)]
        : refuse(`makes ${shown(node.output.shape)} of ${shown(shape)}`);
    case 'flatten':
      requireMap();
      return [n, productOf(shape.slice(1))];
    case 'pad':
      if (node.padding.length !== shape.length - 1) refuse(`pads ${node.padding.length} axes of ${shown(shape)}`);
      return [
        n,
        ...node.padding.map(([before, after], axis) => {
          const extent = shape[axis + 1]!;
          return extent === null ? null : before + extent + after;
        }),
      ];
    case 'upsample':
      requireMap();
      return [n, h === null ? null : h * node.size[0], w === null ? null : w * node.size[1], channels];
    case 'activation':
    case 'local-response-norm':
      return shape;
  }
}

/** Checks that the inputs, weights and output of a node fit each other. */
export function checkShapes(node: GraphNode, refuse: Refuse): void {
  const expected = outputShape(node, refuse);
  if (expected.join() !== node.output.shape.join())
    refuse(`gives ${shown(expected)}, and its output is described as ${shown(node.output.shape)}`);
}
