import { CnnzooError } from '@cnnzoo/core';
import { allFinite, scaleChannels } from '@cnnzoo/core/internal';
import type { ConvNode, GraphNode, GraphValue, GraphWeight, LinearNode } from './graph.js';
import { type Affine, computed } from './weights.js';

/** Nodes and ends of a graph. */
export interface Draft {
  readonly inputs: readonly GraphValue[];
  readonly outputs: readonly GraphValue[];
  readonly nodes: readonly GraphNode[];
  readonly anySize: boolean;
  /** Factors and terms of the BatchNorms in float64, by the names of their 'scale' nodes. */
  readonly norms: ReadonlyMap<string, () => Promise<Affine>>;
}

/** A node and the only one that reads its output. */
type Join = (node: GraphNode, next: GraphNode, draft: Draft) => GraphNode | undefined;

const last = (next: GraphNode): Pick<GraphNode, 'name' | 'output'> => ({ name: next.name, output: next.output });

/** BatchNorm after a convolution or linear layer: W scale, and b scale + shift, in float64 and rounded once. */
const foldNorm: Join = (node, next, { norms }) => {
  if ((node.op !== 'conv' && node.op !== 'linear') || node.relu || next.op !== 'scale') return undefined;
  const affine = norms.get(next.name);
  if (!affine) return undefined;
  const { weight, bias } = node;
  const channels = weight.shape.at(-1)!;
  const finite = (values: Float32Array): Float32Array => {
    if (allFinite(values)) return values;
    throw new CnnzooError(
      'INPUT',
      `The BatchNorm '${next.name}' can't be folded into '${node.name}': a weight is not finite, or a channel's running_var + ` +
        'eps is so close to 0 (or below it) that the folded weight is not. Train the net, or build it with a larger eps.',
    );
  };
  const folded: Pick<ConvNode | LinearNode, 'weight' | 'bias'> = {
    weight: {
      ...computed(weight.name, weight.shape, async () => {
        const [values, { scale }] = await Promise.all([weight.read(), affine()]);
        return finite(scaleChannels(values, scale));
      }),
      readBlock:
        weight.readBlock &&
        (async (begin, size) => {
          const [values, { scale }] = await Promise.all([weight.readBlock!(begin, size), affine()]);
          const first = begin.at(-1)!;
          return finite(scaleChannels(values, scale.subarray(first, first + size.at(-1)!)));
        }),
    },
    bias: computed(biasName(node), [channels], async () => {
      const [values, { scale, shift }] = await Promise.all([bias?.read(), affine()]);
      return finite(Float32Array.from(shift, (term, i) => (values?.[i] ?? 0) * scale[i]! + term));
    }),
  };
  return { ...node, ...folded, relu: next.relu, ...last(next) };
};

const biasName = ({ weight, bias }: { weight: GraphWeight; bias: GraphWeight | undefined }): string =>
  bias?.name ?? weight.name.replace(/weight$/, 'bias');

/** ReLU after a node that computes one with it. */
const fuseRelu: Join = (node, next) =>
  next.op === 'activation' && next.activation.kind === 'relu' && 'relu' in node
    ? { ...node, relu: true, ...last(next) }
    : undefined;

const isZero = ([before, after]: readonly [number, number]): boolean => before === 0 && after === 0;

/** Zeros around a map, before a convolution that pads with zeros too. */
const mergePadding: Join = (node, next) => {
  if (node.op !== 'pad' || next.op !== 'conv' || node.padding.length !== 3 || !isZero(node.padding[2]!))
    return undefined;
  const padding = next.padding.map(([before, after], axis) => {
    const [more, moreAfter] = node.padding[axis]!;
    return [before + more, after + moreAfter] as const;
  }) as unknown as ConvNode['padding'];
  return { ...next, padding, inputs: node.inputs };
};

/** A map whose axes are reordered to channels first and then made a list: PyTorch's flatten. */
const joinFlatten: Join = (node, next) =>
  node.op === 'transpose' && node.order.join() === '0,3,1,2' && next.op === 'reshape' && next.output.shape.length === 2
    ? { op: 'flatten', inputs: node.inputs, ...last(next) }
    : undefined;

const JOINS: readonly Join[] = [foldNorm, fuseRelu, mergePadding, joinFlatten];

/** Joins nodes with those after them, as long as there are such, where nothing else reads what is between. */
export function fuse(draft: Draft): Draft {
  const readers = new Map<GraphValue, number>();
  for (const value of [...draft.nodes.flatMap(({ inputs }) => inputs), ...draft.outputs])
    readers.set(value, (readers.get(value) ?? 0) + 1);
  const nodes: GraphNode[] = [];
  /** Places in `nodes` by the values that they give. */
  const places = new Map<GraphValue, number>();
  for (const node of draft.nodes) {
    // A sum of two values may join the node of neither.
    const [input, second] = node.inputs;
    const place = second || readers.get(input!) !== 1 ? undefined : places.get(input!);
    const before = place === undefined ? undefined : nodes[place];
    const joined = before && JOINS.map((join) => join(before, node, draft)).find((each) => each !== undefined);
    if (joined) {
      nodes[place!] = joined;
      places.set(node.output, place!);
    } else {
      places.set(node.output, nodes.length);
      nodes.push(node);
    }
  }
  return { ...draft, nodes };
}
