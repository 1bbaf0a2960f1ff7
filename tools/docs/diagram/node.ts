/** Nodes and edges of a net's graph. */
import type { Described } from './kind.js';

export interface GraphNode extends Described {
  readonly id: string;
  /** Path in the state dict, or range of paths, without the prefix that the whole drawing shares. */
  readonly path: string;
  /** Operations right after the node's own: BatchNorm, ReLU, dropout. */
  readonly after: readonly Described[];
  /** Shape of the last layer's output: height, width, channels, or features. */
  readonly output: readonly (number | null)[];
  /** Names of the model's layers, from input to output. */
  readonly layers: readonly string[];
  /** Number of consecutive repetitions. */
  readonly times: number;
}

/** Nodes from input to output. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}
