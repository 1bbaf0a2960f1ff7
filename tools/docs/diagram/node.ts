/** The graph of a net, as a reader sees it. */
import type { Described } from './kind.js';

export interface GraphNode extends Described {
  readonly id: string;
  /** Path in the state dict, or the range of paths; shorter by the prefix that the whole drawing has. */
  readonly path: string;
  /** What is done to the node's result right away: BatchNorm, ReLU, dropout. */
  readonly after: readonly Described[];
  /** Of the last layer: height, width, channels, or features. */
  readonly output: readonly (number | null)[];
  /** Names of the model's layers, from input to output. */
  readonly layers: readonly string[];
  /** How often it stands one after the other. */
  readonly times: number;
}

/** Nodes from input to output. */
export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly (readonly [from: string, to: string])[];
}
