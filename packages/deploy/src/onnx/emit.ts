import { CnnzooError } from '@cnnzoo/core';
import { adaptiveShares } from '@cnnzoo/core/internal';
import type {
  ActivationNode,
  AdaptivePoolNode,
  ConvNode,
  GraphNode,
  GraphQuantization,
  GraphValue,
  GraphWeight,
  InferenceGraph,
  LinearNode,
  LocalResponseNormNode,
  Padding,
  PoolNode,
} from '../graph/index.js';
import { openShape, sumScales } from '../graph/index.js';
import { filtersFirst, INTEGER_ZERO, integerBias, integerFilters, plain, type WeightType } from './initializers.js';
import { TensorProto_DataType as DataType, type ValueInfoProto } from './onnx-schema.js';
import { type Attribute, type Axis, OnnxWriter, tensorInfo } from './onnx-writer.js';

/** Axes of a map as ONNX has them, channels first, by those of the graph. */
const STORED = [0, 3, 1, 2] as const;

const isMap = ({ shape }: GraphValue): boolean => shape.length === 4;

/** Returns the place of an axis of the graph in ONNX. */
const storedAxis = (value: GraphValue, axis: number): number =>
  isMap(value) ? STORED.indexOf(axis as (typeof STORED)[number]) : axis;

/** Returns what belongs to the axes of a value, in ONNX's order. */
const inStoredOrder = <T>(value: GraphValue, byAxis: readonly T[]): T[] =>
  isMap(value) ? STORED.map((axis) => byAxis[axis]!) : [...byAxis];

/** Padding as ONNX has it: rows and columns before, rows and columns after. */
const padsOf = ([[top, bottom], [left, right]]: Padding): number[] => [top, left, bottom, right];

const windowOf = ({ stride, padding }: { readonly stride: readonly number[]; readonly padding: Padding }) => ({
  strides: stride,
  pads: padsOf(padding),
});

const hasCountedPadding = ({ operator, counted }: PoolNode): boolean =>
  operator === 'avg' && counted.flat().some((pixels) => pixels > 0);

/** Padding that is after the input what it is before it. */
const evenly = ([[top], [left]]: Padding): Padding => [
  [top, top],
  [left, left],
];

const isSame = (a: Padding, b: Padding): boolean => a.flat().join() === b.flat().join();

/** Writes the nodes of a graph as ONNX operators. */
export class OnnxEmitter {
  readonly writer = new OnnxWriter();
  /** Names of values in ONNX. */
  private readonly names = new Map<GraphValue, string>();
  /** Names that values shall have. */
  private readonly wanted = new Map<GraphValue, string>();
  private anySize = false;
  /** Values that a max pool reads. */
  private readonly pooled = new Set<GraphValue>();

  /** @param quantization of the values and weights that are kept in 8 bits; the rest is of the type `type`, which is then float32. */
  constructor(
    private readonly type: WeightType,
    private readonly quantization?: GraphQuantization,
  ) {}

  /** The least number above 0 of the graph's type. */
  private get least(): number {
    return this.type === DataType.FLOAT ? 2 ** -126 : 2 ** -24;
  }

  /**
   * Writes the whole graph.
   *
   * @param inputs names of the inputs' values in ONNX, of the graph's type.
   * @param outputs names that are kept for the outputs' values.
   * @returns names of the outputs' values.
   */
  emit(graph: InferenceGraph, inputs: readonly string[], outputs: readonly string[]): string[] {
    this.anySize = takesAnySize(graph);
    for (const { op, inputs: from, ...node } of graph.nodes)
      if (op === 'pool' && 'operator' in node && node.operator === 'max') this.pooled.add(from[0]!);
    for (const [i, value] of graph.inputs.entries()) this.names.set(value, this.rounded(inputs[i]!, value));
    for (const [i, value] of graph.outputs.entries())
      if (!this.wanted.has(value) && !this.quantization?.values.has(value.name)) this.wanted.set(value, outputs[i]!);
    for (const node of graph.nodes) this.names.set(node.output, this.rounded(this.node(node), node.output));
    return graph.outputs.map((value) => this.names.get(value)!);
  }

  private of(value: GraphValue): string {
    return this.names.get(value)!;
  }

  /** Adds an operator that gives the output of a node, or, with another name, a part of the way there. */
  private add(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    { name, output }: GraphNode,
    part?: string,
  ): string {
    const wanted = part === undefined ? this.wanted.get(output) : undefined;
    if (wanted !== undefined) return this.writer.addAs(wanted, opType, inputs, attributes);
    return this.writer.add(opType, inputs, attributes, part === undefined ? output.name : `${name}.${part}`);
  }

  /** Returns a value as it is after the way to 8 bits and back, if `value` is kept so. Between two such pairs an operator is computed in integers. */
  private rounded(name: string, value: GraphValue): string {
    const quantization = this.quantization?.values.get(value.name);
    if (!quantization) return name;
    const parameters = [
      this.writer.constant('scale', DataType.FLOAT, [], [quantization.scale]),
      this.writer.constant('zero point', DataType.UINT8, [], [quantization.zeroPoint]),
    ];
    const integers = this.writer.add('QuantizeLinear', [name, ...parameters], {}, `${value.name}.uint8`);
    return this.writer.add('DequantizeLinear', [integers, ...parameters], {}, `${value.name}.float32`);
  }

  /** Returns the weight and bias of a node. Integers are the operands of a DequantizeLinear. */
  private parameters({ inputs, weight, bias }: ConvNode | LinearNode): string[] {
    const scales = this.quantization?.weights.get(weight.name);
    if (!scales) return [this.filtersFirst(weight), ...(bias ? [this.plain(bias)] : [])];
    const dequantized = (integers: string, each: Float32Array, zeros: string[]): string => {
      const factors = this.writer.constant(`${integers}.scale`, DataType.FLOAT, [each.length], each);
      return this.writer.add('DequantizeLinear', [integers, factors, ...zeros], { axis: 0 }, `${integers}.float32`);
    };
    const filters = this.writer.weight(weight, 'integers', (name) => integerFilters(weight, name, scales));
    const zeros = this.writer.constant(
      'zero points',
      DataType.UINT8,
      [scales.length],
      new Uint8Array(scales.length).fill(INTEGER_ZERO),
    );
    const operands = [dequantized(filters, scales, [zeros])];
    const input = this.quantization?.values.get(inputs[0]!.name);
    if (!bias) return operands;
    if (!input) return [...operands, this.plain(bias)];
    const sums = sumScales(input.scale, scales);
    const integers = this.writer.weight(bias, `int32 ${sums}`, (name) => integerBias(bias, name, sums));
    return [...operands, dequantized(integers, sums, [])];
  }

  private numbers(name: string, shape: readonly number[], values: readonly number[]): string {
    const weight: GraphWeight = { name, shape, read: async () => Float32Array.from(values) };
    if (this.type === DataType.FLOAT) return this.writer.constant(name, DataType.FLOAT, shape, values);
    return this.writer.weight(weight, 'plain', (unique) => plain(weight, unique, this.type));
  }

  private ints(name: string, values: readonly number[]): string {
    return this.writer.constant(name, DataType.INT64, [values.length], values);
  }

  private plain(weight: GraphWeight, shape = weight.shape): string {
    return this.writer.weight(weight, `[${shape}]`, (name) => plain(weight, name, this.type, shape));
  }

  private filtersFirst(weight: GraphWeight): string {
    return this.writer.weight(weight, 'filters first', (name) => filtersFirst(weight, name, this.type));
  }

  /** Adds the last operator of a node, and the ReLU after it if the node has one. */
  private withRelu(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    node: GraphNode & { readonly relu: boolean },
  ): string {
    if (!node.relu) return this.add(opType, inputs, attributes, node);
    return this.add('Relu', [this.add(opType, inputs, attributes, node, opType.toLowerCase())], {}, node);
  }

  private node(node: GraphNode): string {
    const inputs = node.inputs.map((value) => this.of(value));
    const [x] = inputs as [string];
    const [input] = node.inputs as [GraphValue];
    switch (node.op) {
      case 'conv': {
        const [rows, columns] = node.weight.shape;
        const window = {
          kernel_shape: [rows!, columns!],
          ...windowOf(node),
          dilations: node.dilation,
          group: node.groups,
        };
        return this.withRelu('Conv', [x, ...this.parameters(node)], window, node);
      }
      case 'linear':
        return this.withRelu('Gemm', [x, ...this.parameters(node)], { transB: 1 }, node);
      case 'scale': {
        const shape = isMap(input) ? [...node.scale.shape, 1, 1] : node.scale.shape;
        const product = this.add('Mul', [x, this.plain(node.scale, shape)], {}, node, 'mul');
        return this.withRelu('Add', [product, this.plain(node.shift, shape)], {}, node);
      }
      case 'binary': {
        const operators = { add: 'Add', mul: 'Mul', max: 'Max', min: 'Min' };
        return this.withRelu(operators[node.operator], inputs, {}, node);
      }
      case 'activation':
        return this.activation(node, x);
      case 'pool':
        return this.pool(node, x);
      case 'adaptive-pool':
        return this.adaptivePool(node, x);
      case 'global-pool': {
        const pooled = this.add(node.operator === 'avg' ? 'GlobalAveragePool' : 'GlobalMaxPool', [x], {}, node, 'pool');
        return this.add('Flatten', [this.rounded(pooled, node.output)], { axis: 1 }, node);
      }
      case 'group-norm': {
        const { groups, eps } = node;
        const grouped = this.add('Reshape', [x, this.ints('shape', [0, groups, -1])], {}, node, 'groups');
        const ones = this.numbers('ones', [groups], new Array<number>(groups).fill(1));
        const zeros = this.numbers('zeros', [groups], new Array<number>(groups).fill(0));
        const epsilon = { epsilon: { float: eps } };
        const normal = this.add('InstanceNormalization', [grouped, ones, zeros], epsilon, node, 'normal');
        const original = this.add('Shape', [x], {}, node, 'shape');
        const shaped = this.add('Reshape', [normal, original], {}, node, 'ungrouped');
        const shape = isMap(input) ? [...node.weight.shape, 1, 1] : node.weight.shape;
        const product = this.add('Mul', [shaped, this.plain(node.weight, shape)], {}, node, 'mul');
        return this.add('Add', [product, this.plain(node.bias, shape)], {}, node);
      }
      case 'local-response-norm':
        return this.localResponseNorm(node, x);
      case 'concat':
        return this.add('Concat', inputs, { axis: storedAxis(input, node.axis) }, node);
      case 'flatten':
        return this.add('Flatten', [x], { axis: 1 }, node);
      case 'transpose': {
        const order = inStoredOrder(node.output, node.order).map((axis) => storedAxis(input, axis));
        return this.add('Transpose', [x], { perm: order }, node);
      }
      case 'reshape': {
        const rows = isMap(input) ? this.add('Transpose', [x], { perm: [0, 2, 3, 1] }, node, 'nhwc') : x;
        const shape = this.ints('shape', [-1, ...(node.output.shape.slice(1) as number[])]);
        if (!isMap(node.output)) return this.add('Reshape', [rows, shape], {}, node);
        return this.add('Transpose', [this.add('Reshape', [rows, shape], {}, node, 'nhwc')], { perm: STORED }, node);
      }
      case 'pad': {
        const sides = inStoredOrder(input, [[0, 0] as const, ...node.padding]);
        const pads = [...sides.map(([before]) => before), ...sides.map(([, after]) => after)];
        // onnxruntime 1.30 moves zeros into a MaxPool after them, whose padding is minus infinity.
        const value = this.pooled.has(node.output) ? [this.numbers('almost 0', [], [this.least])] : [];
        return this.add('Pad', [x, this.ints('pads', pads), ...value], {}, node);
      }
      case 'upsample': {
        const scales = this.writer.constant('scales', DataType.FLOAT, [4], [1, 1, ...node.size]);
        const [mode, nearest] =
          node.interpolation === 'nearest' ? ['nearest', { nearest_mode: 'floor' }] : ['linear', {}];
        const attributes = {
          coordinate_transformation_mode: 'asymmetric',
          mode: mode as string,
          ...(nearest as object),
        };
        return this.add('Resize', [x, '', scales], attributes, node);
      }
    }
  }

  private activation(node: ActivationNode, x: string): string {
    const { activation } = node;
    switch (activation.kind) {
      case 'clip': {
        const limits = [activation.min, activation.max].map((limit) => this.numbers('limit', [], [limit]));
        return this.add('Clip', [x, ...limits], {}, node);
      }
      case 'leaky-relu':
        return this.add('LeakyRelu', [x], { alpha: { float: activation.alpha } }, node);
      case 'hard-sigmoid':
        return this.add('HardSigmoid', [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } }, node);
      case 'softmax':
        return this.add('Softmax', [x], { axis: storedAxis(node.output, node.output.shape.length - 1) }, node);
      case 'swish':
        return this.add('Mul', [x, this.add('Sigmoid', [x], {}, node, 'sigmoid')], {}, node);
      default: {
        const operators = {
          elu: 'Elu',
          mish: 'Mish',
          relu: 'Relu',
          selu: 'Selu',
          sigmoid: 'Sigmoid',
          softplus: 'Softplus',
          softsign: 'Softsign',
          tanh: 'Tanh',
        };
        return this.add(operators[activation.kind], [x], {}, node);
      }
    }
  }

  private pool(node: PoolNode, x: string): string {
    const { operator, size, counted } = node;
    const isOpen = this.anySize || node.inputs[0]!.shape.slice(1, 3).includes(null);
    const ceilMode = node.ceilMode && isOpen;
    if (ceilMode && hasCountedPadding(node)) throw needsSize(node.name);
    const padding = ceilMode ? evenly(node.padding) : node.padding;
    const strides = node.stride;
    const window = { kernel_shape: size, strides, pads: padsOf(padding), ...(ceilMode && { ceil_mode: 1 }) };
    if (operator === 'max') return this.add('MaxPool', [x], window, node);
    const countsAll = isSame(padding, counted);
    if (counted.flat().every((pixels) => pixels === 0))
      // With 1, onnxruntime 1.30 in 8 bits divides the sum of a last window that sticks out by the size of a whole one.
      return this.add('AveragePool', [x], { ...window, count_include_pad: 0 }, node);
    if (countsAll && !ceilMode) return this.add('AveragePool', [x], { ...window, count_include_pad: 1 }, node);
    // A part of the padding counts: it is made of real zeros.
    const [rows, columns] = counted;
    const pads = this.ints('pads', [0, 0, rows[0], columns[0], 0, 0, rows[1], columns[1]]);
    const padded = this.add('Pad', [x, pads], {}, node, 'pad');
    const rest = padding.map(([before, after], i) => [
      before - counted[i]![0],
      after - counted[i]![1],
    ]) as unknown as Padding;
    return this.add('AveragePool', [padded], { ...window, pads: padsOf(rest), count_include_pad: 0 }, node);
  }

  private adaptivePool(node: AdaptivePoolNode, x: string): string {
    const [, h, w] = node.inputs[0]!.shape;
    const [rows, columns] = node.size;
    if (rows === 1 && columns === 1) return this.add('GlobalAveragePool', [x], {}, node);
    if (typeof h !== 'number' || typeof w !== 'number') throw needsSize(node.name);
    if (h % rows === 0 && w % columns === 0) {
      const size = [h / rows, w / columns];
      return this.add('AveragePool', [x], { kernel_shape: size, strides: size }, node);
    }
    const left = this.numbers(`${node.name}.rows`, [rows, h], [...adaptiveShares(h, rows)]);
    const shares = adaptiveShares(w, columns);
    // Transposed: a column for each output.
    const turned = Array.from({ length: w * columns }, (_, i) => shares[(i % columns) * w + Math.floor(i / columns)]!);
    const right = this.numbers(`${node.name}.columns`, [w, columns], turned);
    return this.add('MatMul', [this.add('MatMul', [left, x], {}, node, 'rows'), right], {}, node);
  }

  private localResponseNorm(node: LocalResponseNormNode, x: string): string {
    const { size, alpha, beta, k } = node;
    if (size % 2 === 1)
      return this.add('LRN', [x], { size, alpha: { float: alpha }, beta: { float: beta }, bias: { float: k } }, node);
    // An even window has one channel more before than after in PyTorch, and one more after than before in ONNX.
    const channels = node.output.shape.at(-1)!;
    const before = size / 2;
    const band = Array.from({ length: channels * channels }, (_, i) => {
      const [to, from] = [Math.floor(i / channels), i % channels];
      return from >= to - before && from < to - before + size ? alpha / size : 0;
    });
    const squares = this.add('Mul', [x, x], {}, node, 'squares');
    const weights = this.numbers(`${node.name}.band`, [channels, channels, 1, 1], band);
    const terms = this.numbers('k', [channels], new Array<number>(channels).fill(k));
    const sums = this.add('Conv', [squares, weights, terms], { kernel_shape: [1, 1] }, node, 'sums');
    const divisor = this.add('Pow', [sums, this.numbers('beta', [], [beta])], {}, node, 'divisor');
    return this.add('Div', [x, divisor], {}, node);
  }
}

/**
 * Returns true if an ONNX file of the net computes the same for all sizes of images. Of an average whose padding counts, ONNX and PyTorch drop a
 * window that sticks out by different rules.
 */
const takesAnySize = ({ anySize, nodes }: InferenceGraph): boolean =>
  anySize && !nodes.some((node) => node.op === 'pool' && node.ceilMode && hasCountedPadding(node));

const needsSize = (name: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `exportOnnx: the windows of layer '${name}' depend on the size of its input, which is not fixed. ` +
      'Give the net an inputShape with a fixed height and width.',
  );

/** Describes an input or output; axes that are known only at run time have names. */
export function infoOf(value: GraphValue, name: string, type: DataType, graph: InferenceGraph): ValueInfoProto {
  const names = ['batch', ...(isMap(value) ? ['height', 'width'] : [])];
  const shape = openShape(value, takesAnySize(graph)).map(
    (extent, axis): Axis => extent ?? names[axis] ?? `axis${axis}`,
  );
  return tensorInfo(name, type, inStoredOrder(value, shape));
}
