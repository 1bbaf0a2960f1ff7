import type { OutputActivation, Preprocessing } from '@cnnzoo/core';

/** Size of an axis; null: known only at run time. */
export type Extent = number | null;

/** A tensor between two nodes: float32, in TensorFlow's order of axes (NHWC). */
export interface GraphValue {
  /** Unique in its graph: the path of the layer that gives it. */
  readonly name: string;
  /** Rows, columns and channels of a map, or features; the number of images first, which is null. */
  readonly shape: readonly Extent[];
}

/** Constant values of a node. They stay in the net until they are read. */
export interface GraphWeight {
  /** Key in the state dict: 'layer1.0.conv1.weight'. */
  readonly name: string;
  readonly shape: readonly number[];
  /**
   * Reads the values, row-major.
   *
   * @throws CnnzooError INPUT if the net was trained or disposed of since the graph was made.
   */
  read(): Promise<Float32Array>;
  /**
   * Reads the block of `size` values of each axis that starts at the indices `begin`, row-major: a large weight is then not in memory twice.
   * undefined if the values are computed as a whole, or the backend reads the whole without a copy.
   *
   * @throws CnnzooError as `read`.
   */
  readonly readBlock?: ReadBlock | undefined;
}

/** Reads a block of a weight, row-major. */
export type ReadBlock = (begin: readonly number[], size: readonly number[]) => Promise<Float32Array>;

/** Function of each value, computed with the node. */
export type GraphActivation =
  | { readonly kind: 'elu' | 'relu' | 'sigmoid' | 'tanh' | 'selu' | 'softplus' | 'softsign' | 'swish' | 'mish' }
  /** Limits the values: min <= y <= max. ReLU6 has the limits 0 and 6. */
  | { readonly kind: 'clip'; readonly min: number; readonly max: number }
  | { readonly kind: 'leaky-relu'; readonly alpha: number }
  /** max(0, min(1, 0.2 x + 0.5)). */
  | { readonly kind: 'hard-sigmoid' }
  /** Over the last axis. */
  | { readonly kind: 'softmax' };

/** Zeros around a map: rows before and after, columns before and after. */
export type Padding = readonly [rows: readonly [number, number], columns: readonly [number, number]];

/** A window that moves over a map: rows, columns. */
export interface GraphWindow {
  readonly stride: readonly [number, number];
  readonly padding: Padding;
}

interface Base {
  /** Path of the layer; of several fused ones, that of the last. */
  readonly name: string;
  readonly inputs: readonly GraphValue[];
  readonly output: GraphValue;
}

/** Convolution, bias and ReLU. */
export interface ConvNode extends Base, GraphWindow {
  readonly op: 'conv';
  /** [rows, columns, channels / groups, filters]. */
  readonly weight: GraphWeight;
  /** [filters]. */
  readonly bias: GraphWeight | undefined;
  readonly dilation: readonly [number, number];
  readonly groups: number;
  readonly relu: boolean;
}

/** Linear layer, bias and ReLU: [n, features] -> [n, units]. */
export interface LinearNode extends Base {
  readonly op: 'linear';
  /** [features, units]. */
  readonly weight: GraphWeight;
  /** [units]. */
  readonly bias: GraphWeight | undefined;
  readonly relu: boolean;
}

/** A factor and a term for each channel, the last axis; and ReLU. What is left of a BatchNorm that nothing takes in. */
export interface ScaleNode extends Base {
  readonly op: 'scale';
  readonly scale: GraphWeight;
  readonly shift: GraphWeight;
  readonly relu: boolean;
}

/** Two values of one shape combined, and ReLU. */
export interface BinaryNode extends Base {
  readonly op: 'binary';
  readonly operator: 'add' | 'mul' | 'max' | 'min';
  readonly relu: boolean;
}

/** A function of each value. */
export interface ActivationNode extends Base {
  readonly op: 'activation';
  readonly activation: GraphActivation;
}

/** The largest value, or the mean, of each window. Padding counts as minus infinity or, in the mean, as `counted` says. */
export interface PoolNode extends Base, GraphWindow {
  readonly op: 'pool';
  readonly operator: 'max' | 'avg';
  readonly size: readonly [number, number];
  /**
   * A last window that sticks out after the input is kept, by PyTorch's rule. The padding after the input is then that for the size
   * of the input in the graph.
   */
  readonly ceilMode: boolean;
  /** The mean counts zeros in this part of the padding. */
  readonly counted: Padding;
}

/** Mean over windows that cover the input, whatever its size: PyTorch's adaptive pooling. */
export interface AdaptivePoolNode extends Base {
  readonly op: 'adaptive-pool';
  /** Rows, columns. */
  readonly size: readonly [number, number];
}

/** Mean or largest value of each map: [n, h, w, c] -> [n, c]. */
export interface GlobalPoolNode extends Base {
  readonly op: 'global-pool';
  readonly operator: 'max' | 'avg';
}

/** Normalization over the pixels of each group of channels, and a factor and a term for each channel. */
export interface GroupNormNode extends Base {
  readonly op: 'group-norm';
  readonly groups: number;
  readonly eps: number;
  readonly weight: GraphWeight;
  readonly bias: GraphWeight;
}

/** Local response normalization over channels, as PyTorch defines it. */
export interface LocalResponseNormNode extends Base {
  readonly op: 'local-response-norm';
  readonly size: number;
  readonly alpha: number;
  readonly beta: number;
  readonly k: number;
}

/** Joins values along an axis. */
export interface ConcatNode extends Base {
  readonly op: 'concat';
  readonly axis: number;
}

/** Reorders the axes: axis i of the output is axis `order[i]` of the input. */
export interface TransposeNode extends Base {
  readonly op: 'transpose';
  readonly order: readonly number[];
}

/** Gives the values of each image another shape. */
export interface ReshapeNode extends Base {
  readonly op: 'reshape';
}

/** A map as one list: [n, h, w, c] -> [n, c h w], channel by channel as PyTorch does. */
export interface FlattenNode extends Base {
  readonly op: 'flatten';
}

/** Zeros before and after each axis but the first. */
export interface PadNode extends Base {
  readonly op: 'pad';
  readonly padding: readonly (readonly [number, number])[];
}

/** Repeats rows and columns. */
export interface UpsampleNode extends Base {
  readonly op: 'upsample';
  readonly size: readonly [number, number];
  readonly interpolation: 'nearest' | 'bilinear';
}

/** One operation. `op` tells which. */
export type GraphNode =
  | ActivationNode
  | AdaptivePoolNode
  | BinaryNode
  | ConcatNode
  | ConvNode
  | FlattenNode
  | GlobalPoolNode
  | GroupNormNode
  | LinearNode
  | LocalResponseNormNode
  | PadNode
  | PoolNode
  | ReshapeNode
  | ScaleNode
  | TransposeNode
  | UpsampleNode;

/** Facts of a net for those who use its export. */
export interface GraphFacts {
  /** Labels in the order of the logits; null if none are known. */
  readonly categories: readonly string[] | null;
  /** null if it is not known: the graph was made of a LayersModel. */
  readonly preprocessing: Preprocessing | null;
  /** Function from logits to scores. */
  readonly activation: OutputActivation;
}

/** Inference of a net: what it computes, and no more. */
export interface InferenceGraph {
  readonly name: string;
  /** Images: [n, h, w, c]. */
  readonly inputs: readonly GraphValue[];
  /** Logits first, then the auxiliary heads' of nets that have them. */
  readonly outputs: readonly GraphValue[];
  /** In topological order. */
  readonly nodes: readonly GraphNode[];
  /** true: the layers take maps of any height and width, which an export therefore leaves open. */
  readonly anySize: boolean;
  readonly facts: GraphFacts;
  /** Returns a table of the nodes, a line each. */
  toString(): string;
}

/** How a value is kept in 8 bits: value = scale (q - zeroPoint), with integers q from 0 to 255. */
export interface Quantization {
  readonly scale: number;
  readonly zeroPoint: number;
}

/**
 * Values and weights of a graph that are kept in 8 bits. A convolution or linear layer is computed in integers if its input and its
 * weight are; any other node, if its inputs and its output are. The rest is computed in float32.
 */
export interface GraphQuantization {
  /** By the values' names. */
  readonly values: ReadonlyMap<string, Quantization>;
  /** By the weights' names a scale for each output channel: weight = scale q, with integers q from -127 to 127. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Inference of a net in 8 bits. Its weights are read as float32 values, of which `quantization` says how they are rounded. */
export interface QuantizedGraph extends InferenceGraph {
  readonly quantization: GraphQuantization;
}
