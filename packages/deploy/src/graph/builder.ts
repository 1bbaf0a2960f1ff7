import { CnnzooError } from '@cnnzoo/core';
import type { NetNode } from '@cnnzoo/core/internal';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { Extent, GraphNode, GraphValue, GraphWeight } from './graph.js';
import { type Affine, affineOf, computed, type NormWeights, type WeightSource } from './weights.js';

type WithoutBase<Node> = Node extends GraphNode ? Omit<Node, 'name' | 'inputs' | 'output'> : never;

/** A node without its name and values. */
export type Operation = WithoutBase<GraphNode>;

/** Collects the nodes of a graph while the layers of a net are read. */
export class Builder {
  readonly nodes: GraphNode[] = [];
  /** Factors and terms of the graph's BatchNorms in float64, by their nodes' names. */
  readonly norms = new Map<string, () => Promise<Affine>>();
  /** false: a layer computes what it does for the sizes of the net's maps alone. */
  anySize = true;
  private readonly names = new Set<string>();
  private readonly weights = new Map<LayerVariable, GraphWeight>();

  constructor(private readonly source: WeightSource) {}

  value(name: string, shape: readonly Extent[]): GraphValue {
    let unique = name;
    for (let i = 1; this.names.has(unique); i++) unique = `${name}_${i}`;
    this.names.add(unique);
    return { name: unique, shape: [...shape] };
  }

  /** Adds a node and returns its output. */
  add(name: string, inputs: readonly GraphValue[], shape: readonly Extent[], operation: Operation): GraphValue {
    const output = this.value(name, shape);
    this.nodes.push({ ...operation, name: output.name, inputs, output } as GraphNode);
    return output;
  }

  /** Adds a BatchNorm as a factor and a term for each channel. */
  addNorm(name: string, inputs: readonly GraphValue[], norm: NormWeights): GraphValue {
    const part = (which: 'scale' | 'shift') =>
      computed(`${name}.${which}`, [norm.channels], async () => Float32Array.from((await affineOf(norm))[which]));
    const output = this.add(name, inputs, inputs[0]!.shape, {
      op: 'scale',
      scale: part('scale'),
      shift: part('shift'),
      relu: false,
    });
    this.norms.set(output.name, () => affineOf(norm));
    return output;
  }

  /** Returns a weight; the same one for each application of its layer. */
  weight(name: string, variable: LayerVariable): GraphWeight {
    const known = this.weights.get(variable);
    if (known) return known;
    const weight: GraphWeight = {
      ...computed(name, variable.shape as number[], () => this.source.read(variable)),
      readBlock: this.source.readBlock && ((begin, size) => this.source.readBlock!(variable, begin, size)),
    };
    this.weights.set(variable, weight);
    return weight;
  }
}

/** Layer that is being read, and the graph it is read into. */
export interface Layer {
  readonly node: NetNode;
  readonly inputs: readonly GraphValue[];
  readonly builder: Builder;
  /** The layer's options, as tfjs saves them. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** Error for a layer, or an option of one, that a graph can't express. */
export const unsupported = ({ node: { path, layer } }: Layer, why: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `inferenceGraph: layer '${path}', a ${layer.getClassName()}, ${why}. ` +
      'Replace the layer, or cut the net before it and compute the rest elsewhere.',
  );

/** Returns a weight of a layer by the end of its name in tfjs; undefined if there is none. */
export function weightOf({ node: { path, layer }, builder }: Layer, name: string, key = name): GraphWeight | undefined {
  const variable = layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));
  return variable && builder.weight(`${path}.${key}`, variable);
}

/** Returns a weight that the layer always has. */
export function requireWeight(layer: Layer, name: string, key = name): GraphWeight {
  const weight = weightOf(layer, name, key);
  if (!weight) throw unsupported(layer, `has no weight '${name}'`);
  return weight;
}

/** Reads a layer into the graph. Returns the value of its output. */
export type Reader = (layer: Layer) => GraphValue;
