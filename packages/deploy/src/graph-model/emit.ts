import { CnnzooError } from '@cnnzoo/core';
import { adaptiveShares } from '@cnnzoo/core/internal';
import type {
  ActivationNode,
  AdaptivePoolNode,
  ConvNode,
  GraphNode,
  GraphValue,
  GraphWeight,
  GroupNormNode,
  InferenceGraph,
  LocalResponseNormNode,
  Padding,
  PoolNode,
} from '../graph/index.js';
import { openShape } from '../graph/index.js';
import { bunchesOf, withoutDilation } from './filters.js';
import { type Attribute, flag, float, int, ints, Topology, text, texts } from './topology.js';

/** Stands for minus infinity in padding: finite, since WebGL's shaders have no infinity everywhere. */
const LOWEST = -3.4e38;

const NHWC = text('NHWC');
const VALID = text('VALID');

const isZero = (padding: Padding): boolean => padding.flat().every((pixels) => pixels === 0);

const less = (padding: Padding, part: Padding): Padding =>
  padding.map(([before, after], i) => [before - part[i]![0], after - part[i]![1]]) as unknown as Padding;

/** Writes the nodes of a graph as TensorFlow's operators. */
export class GraphModelEmitter {
  readonly topology = new Topology();
  private readonly names = new Map<GraphValue, string>();
  private anySize = false;

  /** Writes the whole graph. Returns the names of the inputs and outputs. */
  emit(graph: InferenceGraph): { readonly inputs: readonly string[]; readonly outputs: readonly string[] } {
    const { topology } = this;
    this.anySize = takesAnySize(graph);
    const inputs = graph.inputs.map((value, i) =>
      topology.input(i === 0 ? 'images' : value.name, openShape(value, this.anySize)),
    );
    for (const [i, value] of graph.inputs.entries()) this.names.set(value, inputs[i]!);
    // Kept before a layer of such a name takes it.
    const wanted = graph.outputs.map(({ name }, i) => topology.unique(i === 0 ? 'logits' : `${name}.output`));
    for (const node of graph.nodes) this.names.set(node.output, this.node(node));
    // Outputs have names of their own: a net may give its input, or one value twice.
    const outputs = graph.outputs.map((value, i) =>
      topology.addAs(wanted[i]!, 'Identity', [this.names.get(value)!], {}),
    );
    return { inputs, outputs };
  }

  private add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    name: string,
  ): string {
    return this.topology.add(op, inputs, attributes, name);
  }

  private number(name: string, value: number): string {
    return this.topology.numbers(name, [], [value]);
  }

  private relu(name: string, wanted: boolean, x: string): string {
    return wanted ? this.add('Relu', [x], {}, name) : x;
  }

  private node(node: GraphNode): string {
    const { topology } = this;
    const inputs = node.inputs.map((value) => this.names.get(value)!);
    const [x] = inputs as [string];
    const [input] = node.inputs as [GraphValue];
    const { name, output } = node;
    switch (node.op) {
      case 'conv':
        return this.conv(node, x);
      case 'linear': {
        const fused = [...(node.bias ? ['BiasAdd'] : []), ...(node.relu ? ['Relu'] : [])];
        const sides = { transpose_a: flag(false), transpose_b: flag(false) };
        const weight = topology.weight(node.weight);
        if (!node.bias) return this.relu(name, node.relu, this.add('MatMul', [x, weight], sides, name));
        const attributes = { ...sides, fused_ops: texts(fused), num_args: int(1), epsilon: float(0) };
        return this.add('_FusedMatMul', [x, weight, topology.weight(node.bias)], attributes, name);
      }
      case 'scale': {
        const product = this.add('Mul', [x, topology.weight(node.scale)], {}, `${name}.mul`);
        const sum = this.add('AddV2', [product, topology.weight(node.shift)], {}, name);
        return this.relu(name, node.relu, sum);
      }
      case 'binary': {
        const operators = { add: 'AddV2', mul: 'Mul', max: 'Maximum', min: 'Minimum' };
        return this.relu(name, node.relu, this.add(operators[node.operator], inputs, {}, name));
      }
      case 'activation':
        return this.activation(node, x);
      case 'pool':
        return node.operator === 'max' ? this.maxPool(node, x) : this.avgPool(node, x);
      case 'adaptive-pool':
        return this.adaptivePool(node, x);
      case 'global-pool':
        return this.overPixels(node.operator === 'avg' ? 'Mean' : 'Max', x, name, false);
      case 'group-norm':
        return this.groupNorm(node, x);
      case 'local-response-norm':
        return this.localResponseNorm(node, x);
      case 'concat': {
        const axis = topology.ints('axis', [], [node.axis]);
        return this.add('ConcatV2', [...inputs, axis], { N: int(inputs.length) }, name);
      }
      case 'flatten': {
        const first = this.transpose(x, [0, 3, 1, 2], `${name}.chw`);
        return this.reshape(first, [-1, output.shape[1]!], name);
      }
      case 'transpose':
        return this.transpose(x, node.order, name);
      case 'reshape':
        return this.reshape(x, [-1, ...(output.shape.slice(1) as number[])], name);
      case 'pad':
        return this.pad(x, [[0, 0], ...node.padding], 0, name);
      case 'upsample': {
        const [, h, w] = output.shape;
        if (typeof h !== 'number' || typeof w !== 'number') throw needsSize(name);
        const op = node.interpolation === 'nearest' ? 'ResizeNearestNeighbor' : 'ResizeBilinear';
        const corners = { align_corners: flag(false), half_pixel_centers: flag(false) };
        return this.add(op, [x, topology.ints('size', [2], [h, w])], corners, name);
      }
      default:
        return unknownNode(node, input);
    }
  }

  private transpose(x: string, order: readonly number[], name: string): string {
    return this.add('Transpose', [x, this.topology.ints('order', [order.length], order)], {}, name);
  }

  private reshape(x: string, shape: readonly number[], name: string): string {
    return this.add('Reshape', [x, this.topology.ints('shape', [shape.length], shape)], {}, name);
  }

  private pad(x: string, padding: readonly (readonly [number, number])[], value: number, name: string): string {
    const sides = this.topology.ints('padding', [padding.length, 2], padding.flat());
    return this.add('PadV2', [x, sides, this.number('padded', value)], {}, name);
  }

  private padMap(x: string, padding: Padding, value: number, name: string): string {
    return isZero(padding) ? x : this.pad(x, [[0, 0], ...padding, [0, 0]], value, name);
  }

  /** Adds a reduction over rows and columns. */
  private overPixels(op: 'Mean' | 'Max', x: string, name: string, keeps: boolean): string {
    return this.add(op, [x, this.topology.ints('axes', [2], [1, 2])], { keep_dims: flag(keeps) }, name);
  }

  private conv(given: ConvNode, x: string): string {
    const node = withoutDilation(given);
    const { name, weight, bias, groups, relu } = node;
    const [rows, columns, channels, filters] = weight.shape as [number, number, number, number];
    if (groups === 1) return this.fused('_FusedConv2D', node, x, weight, bias, name);
    if (channels === 1) {
      // Filter c * multiplier + m reads channel c: the same values in the same order.
      const shape = [rows, columns, groups, filters / groups];
      const depthwise = { name: weight.name, shape, read: () => weight.read() };
      return this.fused('FusedDepthwiseConv2dNative', node, x, depthwise, bias, name);
    }
    const bunches = bunchesOf(node);
    if (bunches.length === 1) return this.fused('_FusedConv2D', node, x, bunches[0]!.weight, bunches[0]!.bias, name);
    const sizes = this.topology.ints(
      'sizes',
      [bunches.length],
      bunches.map((bunch) => bunch.channels),
    );
    const axis = this.topology.ints('axis', [], [3]);
    const split = this.add('SplitV', [x, sizes, axis], { num_split: int(bunches.length) }, `${name}.split`);
    const parts = bunches.map((bunch, i) =>
      this.fused(
        '_FusedConv2D',
        { ...node, relu },
        i === 0 ? split : `${split}:${i}`,
        bunch.weight,
        bunch.bias,
        `${name}.${i}`,
      ),
    );
    return this.add('ConcatV2', [...parts, axis], { N: int(parts.length) }, name);
  }

  private fused(
    op: '_FusedConv2D' | 'FusedDepthwiseConv2dNative',
    { stride, dilation, padding, relu }: ConvNode,
    x: string,
    weight: GraphWeight,
    bias: GraphWeight | undefined,
    name: string,
  ): string {
    const window = {
      strides: ints([1, ...stride, 1]),
      dilations: ints([1, ...dilation, 1]),
      data_format: NHWC,
      ...(isZero(padding)
        ? { padding: VALID }
        : { padding: text('EXPLICIT'), explicit_paddings: ints([0, 0, ...padding.flat(), 0, 0]) }),
    };
    const inputs = [x, this.topology.weight(weight)];
    if (!bias) {
      const plain = op === '_FusedConv2D' ? 'Conv2D' : 'DepthwiseConv2dNative';
      return this.relu(name, relu, this.add(plain, inputs, window, name));
    }
    const fused = { fused_ops: texts(relu ? ['BiasAdd', 'Relu'] : ['BiasAdd']), num_args: int(1), epsilon: float(0) };
    return this.add(op, [...inputs, this.topology.weight(bias)], { ...window, ...fused }, name);
  }

  private activation({ name, activation, output }: ActivationNode, x: string): string {
    const part = (op: string, inputs: readonly string[], suffix: string) =>
      this.add(op, inputs, {}, `${name}.${suffix}`);
    switch (activation.kind) {
      case 'clip': {
        const [min, max] = [activation.min, activation.max].map((limit) => this.number('limit', limit)) as [
          string,
          string,
        ];
        return this.add('ClipByValue', [x, min, max], {}, name);
      }
      case 'leaky-relu':
        return this.add('LeakyRelu', [x], { alpha: float(activation.alpha) }, name);
      case 'hard-sigmoid': {
        const scaled = part(
          'AddV2',
          [part('Mul', [x, this.number('slope', 0.2)], 'mul'), this.number('half', 0.5)],
          'add',
        );
        return this.add('ClipByValue', [scaled, this.number('zero', 0), this.number('one', 1)], {}, name);
      }
      case 'softsign': {
        const divisor = part('AddV2', [part('Abs', [x], 'abs'), this.number('one', 1)], 'divisor');
        return this.add('RealDiv', [x, divisor], {}, name);
      }
      case 'swish':
        return this.add('Mul', [x, part('Sigmoid', [x], 'sigmoid')], {}, name);
      case 'mish':
        return this.add('Mul', [x, part('Tanh', [part('Softplus', [x], 'softplus')], 'tanh')], {}, name);
      case 'softmax':
        return this.softmax(x, output.shape.length, name);
      default: {
        const operators = {
          elu: 'Elu',
          relu: 'Relu',
          selu: 'Selu',
          sigmoid: 'Sigmoid',
          softplus: 'Softplus',
          tanh: 'Tanh',
        };
        return this.add(operators[activation.kind], [x], {}, name);
      }
    }
  }

  private softmax(x: string, rank: number, name: string): string {
    if (rank === 2) return this.add('Softmax', [x], {}, name);
    const axis = this.topology.ints('axes', [1], [rank - 1]);
    const largest = this.add('Max', [x, axis], { keep_dims: flag(true) }, `${name}.max`);
    const powers = this.add('Exp', [this.add('Sub', [x, largest], {}, `${name}.less`)], {}, `${name}.exp`);
    const sum = this.add('Sum', [powers, axis], { keep_dims: flag(true) }, `${name}.sum`);
    return this.add('RealDiv', [powers, sum], {}, name);
  }

  /** Returns the padding of a pool, with that of a last window that sticks out if the size of its input is open. */
  private padding({ name, inputs, padding, stride, ceilMode }: PoolNode): Padding {
    if (!ceilMode) return padding;
    if (!this.anySize) {
      if (inputs[0]!.shape.slice(1, 3).includes(null)) throw needsSize(name);
      return padding;
    }
    return padding.map(([before], i) => [before, before + stride[i]! - 1]) as unknown as Padding;
  }

  private window({ size, stride }: Pick<PoolNode, 'size' | 'stride'>): Record<string, Attribute> {
    return { ksize: ints([1, ...size, 1]), strides: ints([1, ...stride, 1]), padding: VALID, data_format: NHWC };
  }

  private maxPool(node: PoolNode, x: string): string {
    const { name } = node;
    const padded = this.padMap(x, this.padding(node), LOWEST, `${name}.pad`);
    return this.add('MaxPool', [padded], this.window(node), name);
  }

  private avgPool(node: PoolNode, x: string): string {
    const { name, counted } = node;
    const padding = this.padding(node);
    const sums = this.add('AvgPool', [this.padMap(x, padding, 0, `${name}.pad`)], this.window(node), `${name}.windows`);
    const rest = less(padding, counted);
    if (isZero(rest)) return this.add('Identity', [sums], {}, name);
    // The share of pixels that count in each window.
    const ones = this.add('OnesLike', [x], {}, `${name}.ones`);
    const inside = this.padMap(this.padMap(ones, counted, 1, `${name}.counted`), rest, 0, `${name}.rest`);
    const shares = this.add('AvgPool', [inside], this.window(node), `${name}.shares`);
    return this.add('RealDiv', [sums, shares], {}, name);
  }

  private adaptivePool({ name, size, inputs }: AdaptivePoolNode, x: string): string {
    const [, h, w, channels] = inputs[0]!.shape;
    const [rows, columns] = size;
    if (rows === 1 && columns === 1) return this.overPixels('Mean', x, name, true);
    if (typeof h !== 'number' || typeof w !== 'number') throw needsSize(name);
    if (h % rows === 0 && w % columns === 0) {
      const windows = [h / rows, w / columns] as const;
      return this.add('AvgPool', [x], this.window({ size: windows, stride: windows }), name);
    }
    // One axis after the other, each a product with the weights.
    const product = (input: string, from: number, to: number, shape: readonly number[], part: string): string => {
      const shares = this.topology.numbers(`${name}.${part}`, [1, to, from], adaptiveShares(from, to));
      const sides = { adj_x: flag(false), adj_y: flag(false) };
      return this.add(
        'BatchMatMulV2',
        [shares, this.reshape(input, shape, `${name}.${part}.flat`)],
        sides,
        `${name}.${part}`,
      );
    };
    const byRows = product(x, h, rows, [-1, h, w * channels!], 'rows');
    const byColumns = product(byRows, w, columns, [-1, w, channels!], 'columns');
    return this.reshape(byColumns, [-1, rows, columns, channels!], name);
  }

  private groupNorm({ name, inputs, groups, eps, weight, bias }: GroupNormNode, x: string): string {
    const channels = inputs[0]!.shape.at(-1)!;
    if (inputs[0]!.shape.length !== 4)
      throw new CnnzooError(
        'INPUT',
        `exportGraphModel: layer '${name}' normalizes [${inputs[0]!.shape}], which is no map.`,
      );
    const each = channels / groups;
    const same = Float32Array.from({ length: channels * channels }, (_, i) =>
      Math.floor(i / channels / each) === Math.floor((i % channels) / each) ? 1 / each : 0,
    );
    const mean = (input: string, part: string): string => {
      const byChannel = this.reshape(
        this.overPixels('Mean', input, `${name}.${part}.mean`, true),
        [-1, channels],
        `${name}.${part}.flat`,
      );
      const matrix = this.topology.numbers('groups', [channels, channels], same);
      const sides = { transpose_a: flag(false), transpose_b: flag(false) };
      const byGroup = this.add('MatMul', [byChannel, matrix], sides, `${name}.${part}.group`);
      return this.reshape(byGroup, [-1, 1, 1, channels], `${name}.${part}`);
    };
    const centred = this.add('Sub', [x, mean(x, 'centre')], {}, `${name}.centred`);
    const squares = this.add('Square', [centred], {}, `${name}.squares`);
    const variance = this.add('AddV2', [mean(squares, 'variance'), this.number('eps', eps)], {}, `${name}.eps`);
    const normal = this.add('Mul', [centred, this.add('Rsqrt', [variance], {}, `${name}.rsqrt`)], {}, `${name}.normal`);
    const scaled = this.add('Mul', [normal, this.topology.weight(weight)], {}, `${name}.scaled`);
    return this.add('AddV2', [scaled, this.topology.weight(bias)], {}, name);
  }

  /** A product with a band, since TensorFlow.js has no kernel for it on every backend. */
  private localResponseNorm({ name, inputs, size, alpha, beta, k }: LocalResponseNormNode, x: string): string {
    const [, h, w, channels] = inputs[0]!.shape as [null, number | null, number | null, number];
    const before = Math.floor(size / 2);
    const band = Float32Array.from({ length: channels * channels }, (_, i) => {
      const [from, to] = [Math.floor(i / channels), i % channels];
      return from >= to - before && from < to - before + size ? alpha / size : 0;
    });
    const weight = { name: `${name}.band`, shape: [1, 1, channels, channels], read: async () => band };
    const squares = this.add('Square', [x], {}, `${name}.squares`);
    const terms = { name: `${name}.k`, shape: [channels], read: async () => new Float32Array(channels).fill(k) };
    const unit: ConvNode = {
      op: 'conv',
      name,
      inputs,
      output: { name, shape: [null, h, w, channels] },
      weight,
      bias: terms,
      stride: [1, 1],
      dilation: [1, 1],
      padding: [
        [0, 0],
        [0, 0],
      ],
      groups: 1,
      relu: false,
    };
    const sums = this.fused('_FusedConv2D', unit, squares, weight, terms, `${name}.sums`);
    return this.add(
      'RealDiv',
      [x, this.add('Pow', [sums, this.number('beta', beta)], {}, `${name}.divisor`)],
      {},
      name,
    );
  }
}

/** Returns true if a GraphModel of the net computes the same for all sizes of images. */
export const takesAnySize = ({ anySize, nodes }: InferenceGraph): boolean =>
  anySize &&
  nodes.every(
    // A window that sticks out is made of padding. PyTorch leaves one out that begins in the padding after the input.
    (node) =>
      node.op !== 'pool' ||
      !node.ceilMode ||
      node.size.every((size, i) => node.padding[i]![0] + node.stride[i]! - 1 < size),
  );

const needsSize = (name: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `exportGraphModel: the output of layer '${name}' depends on the size of its input, which is not fixed. ` +
      'Give the net an inputShape with a fixed height and width.',
  );

const unknownNode = (node: never, { name }: GraphValue): never => {
  throw new Error(`no operator for ${JSON.stringify(node)} after ${name}`);
};
