import {
  Activation,
  type Dispatch,
  dequantizeMap,
  type Engine,
  type Geometry,
  int8Add,
  int8AveragePool,
  int8Copy,
  int8MaxPool,
  type Pointer,
  poolMap,
  quantizeMap,
} from '@cnnzoo/kernels/internal/engine';
import type { ConcatNode, ConvNode, GraphValue, LinearNode, Quantization } from '../graph/index.js';
import { hasRelu } from '../graph/text.js';
import { planArena } from './arena.js';
import { convGeometry, coveringGeometry, linearGeometry, poolGeometry } from './geometry.js';
import {
  type ConversionNode,
  isConversion,
  isPlainPool,
  joinsChannels,
  type LoweredGraph,
  type LoweredNode,
} from './lower.js';
import {
  bytesOf,
  clearBorder,
  NO_BORDER,
  type Room,
  type RoomView,
  readMap,
  strided,
  type Values,
  viewOf,
  widest,
  withPadding,
  writeMap,
} from './maps.js';
import type { Home, Placement } from './placement.js';
import { runScript } from './script.js';
import { type MapExtents, mapExtents, type Shapes, shapesOf } from './shapes.js';
import { type Packed, type PackedFloats, type PackedIntegers, paddingOf } from './weights.js';

/** Weights of a graph in the kernels' memory, and the constants of its scripts. */
export interface GraphWeights {
  readonly packed: ReadonlyMap<LoweredNode, Packed>;
  readonly constants: ReadonlyMap<LoweredNode, readonly Float32Array[]>;
}

/** Is called with each value as soon as it is computed: row-major [n, h, w, c], valid during the call. */
export type Observe = (value: GraphValue, values: Float32Array) => void;

/** Least and largest integer of a value less its zero point. */
const limitsOf = ({ zeroPoint }: Quantization, relu: boolean): { readonly low: number; readonly high: number } => ({
  low: relu ? Math.max(0, -zeroPoint) : -zeroPoint,
  high: 255 - zeroPoint,
});

/** Bytes past the end of a map that vector loads may read. */
const SLACK = 256;

type Step = () => void;

/** A graph, laid out in the kernels' memory for batches of one shape. */
export class Program {
  /** Floats of the arena. */
  readonly floats: number;
  private readonly shapes: Shapes;
  private readonly rooms = new Map<Home, Room>();
  private readonly offsets = new Map<Home, number>();
  /** Homes whose first value is written at a turn. */
  private readonly firsts = new Map<number, Home[]>();
  private arena: Pointer = 0;
  private steps: readonly Step[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly graph: LoweredGraph,
    private readonly placement: Placement,
    private readonly weights: GraphWeights,
    images: MapExtents,
  ) {
    this.shapes = shapesOf(graph, images);
    this.floats = this.layOut();
  }

  /** Gives the program its arena. */
  settle(arena: Pointer): void {
    this.arena = arena;
    this.steps = this.placement.nodes.map((node) => this.stepOf(node));
  }

  run(batch: Float32Array, observe?: Observe): Float32Array[] {
    const { engine, graph, placement, rooms } = this;
    const clear = (turn: number) => {
      for (const home of this.firsts.get(turn) ?? []) clearBorder(engine, rooms.get(home)!, this.addressOf(home));
    };
    const [input] = graph.inputs;
    clear(-1);
    this.write(input!, batch);
    this.show(input!, observe);
    for (const [turn, step] of this.steps.entries()) {
      clear(turn);
      // Drops the tables of the step before.
      engine.reset();
      step();
      this.show(placement.nodes[turn]!.output, observe);
    }
    return graph.outputs.map((value) => this.read(value) as Float32Array);
  }

  /** Shows a value as it is after all rounding. */
  private show(value: GraphValue, observe: Observe | undefined): void {
    const original = observe && this.graph.shown.get(value);
    if (!original) return;
    const values = this.read(value);
    const quantization = this.graph.integers.get(value);
    observe(
      original,
      quantization ? Float32Array.from(values, (each) => each * quantization.scale) : (values as Float32Array),
    );
  }

  private extents(value: GraphValue): MapExtents {
    return mapExtents(this.shapes.get(value)!);
  }

  private addressOf(home: Home): Pointer {
    return this.arena + this.offsets.get(home)!;
  }

  private view(value: GraphValue): RoomView {
    const { home, channel } = this.placement.places.get(value)!;
    return viewOf(this.rooms.get(home)!, this.addressOf(home), channel);
  }

  private read(value: GraphValue): Values {
    return readMap(this.engine, this.view(value), this.extents(value));
  }

  private write(value: GraphValue, values: Values): void {
    writeMap(this.engine, this.view(value), this.extents(value), values);
  }

  /** Convolution that a node computes: itself, or the one that its sum is fused with. */
  private convOf(node: LoweredNode): ConvNode | LinearNode | undefined {
    if (node.op === 'conv' || node.op === 'linear') return node;
    return this.placement.adds.get(node)?.conv;
  }

  private geometryOf(node: ConvNode | LinearNode): Geometry {
    const from = this.extents(node.inputs[0]!);
    return node.op === 'linear' ? linearGeometry(node, from[0]) : convGeometry(node, from, this.extents(node.output));
  }

  /** Gives each home its border and its block of the arena. Returns the arena's floats. */
  private layOut(): number {
    const { nodes, places, adds } = this.placement;
    const lives = new Map<Home, { first: number; last: number }>();
    const borders = new Map<Home, Room['border']>();
    const use = (value: GraphValue, turn: number) => {
      const { home } = places.get(value)!;
      const life = lives.get(home) ?? { first: turn, last: turn };
      lives.set(home, { first: Math.min(life.first, turn), last: Math.max(life.last, turn) });
    };
    for (const value of this.graph.inputs) use(value, -1);
    for (const [turn, node] of nodes.entries()) {
      const conv = this.convOf(node);
      const add = adds.get(node);
      for (const value of add ? [add.shortcut, ...add.conv.inputs] : node.inputs) use(value, turn);
      use(node.output, turn);
      if (!conv) continue;
      const { home } = places.get(conv.inputs[0]!)!;
      const padding = paddingOf(this.weights.packed.get(conv)!, this.geometryOf(conv));
      borders.set(home, widest(borders.get(home) ?? NO_BORDER, padding));
    }
    for (const value of this.graph.outputs) use(value, nodes.length);
    const homes = [...lives];
    for (const [home, { first }] of homes) {
      const isInteger = this.graph.integers.has(home.value);
      const room = { extents: this.extents(home.value), border: borders.get(home) ?? NO_BORDER, isInteger };
      this.rooms.set(home, room);
      this.firsts.set(first, [...(this.firsts.get(first) ?? []), home]);
    }
    const { offsets, bytes } = planArena(
      homes.map(([home, life]) => ({ ...life, bytes: bytesOf(this.rooms.get(home)!) + SLACK })),
    );
    for (const [i, [home]] of homes.entries()) this.offsets.set(home, offsets[i]!);
    return Math.ceil(bytes / 4);
  }

  private stepOf(node: LoweredNode): Step {
    if (isConversion(node)) return this.conversion(node);
    const conv = this.convOf(node);
    if (conv) {
      const packed = this.weights.packed.get(conv)!;
      return packed.type === 'float32' ? this.convolution(conv, node, packed) : this.integers(conv, node, packed);
    }
    if (node.op === 'concat' && joinsChannels(node)) return this.concat(node);
    return this.pooling(node) ?? this.integerSum(node) ?? this.script(node);
  }

  private dispatch({ op, tasks, words }: Dispatch): Step {
    return () => this.engine.dispatch(op, tasks, words);
  }

  private strided(value: GraphValue): ReturnType<typeof strided> {
    return strided(this.view(value), this.extents(value));
  }

  private conversion({ op, inputs: [from], output }: ConversionNode): Step {
    const { threads } = this.engine;
    const [a, b] = [this.strided(from), this.strided(output)];
    if (op === 'dequantize') return this.dispatch(dequantizeMap(threads, a, b, this.graph.integers.get(from)!.scale));
    const quantization = this.graph.integers.get(output)!;
    return this.dispatch(quantizeMap(threads, a, b, { scale: quantization.scale, ...limitsOf(quantization, false) }));
  }

  /** Returns a copy of a fused sum's shortcut into the place of the sum, where it does not lie already. */
  private shortcutOf(node: LoweredNode): Step | undefined {
    const add = this.placement.adds.get(node);
    const { places } = this.placement;
    if (!add || places.get(add.shortcut)!.home === places.get(node.output)!.home) return undefined;
    return () => this.write(node.output, this.read(add.shortcut));
  }

  /** @param node the convolution, or the sum that is fused with it. */
  private convolution(conv: ConvNode | LinearNode, node: LoweredNode, packed: PackedFloats): Step {
    const { engine } = this;
    const { convolution, weights, bias } = packed;
    const geometry = this.geometryOf(conv);
    const from = withPadding(this.view(conv.inputs[0]!), convolution.padding(geometry));
    const to = this.view(node.output);
    const activation = hasRelu(node) ? Activation.relu : Activation.linear;
    const epilogue = { bias, activation, accumulate: this.placement.adds.has(node) };
    const copy = this.shortcutOf(node);
    return () => {
      copy?.();
      convolution.run(engine, geometry, from, weights, to, epilogue);
    };
  }

  /** The same in integers. */
  private integers(conv: ConvNode | LinearNode, node: LoweredNode, packed: PackedIntegers): Step {
    const { integers } = this.graph;
    const geometry = this.geometryOf(conv);
    const { weights, bias, multipliers } = packed;
    const output = strided(this.view(node.output), [
      geometry.images,
      geometry.outHeight,
      geometry.outWidth,
      geometry.outChannels,
    ]);
    const input = strided(this.view(conv.inputs[0]!), [
      geometry.images,
      geometry.inHeight,
      geometry.inWidth,
      geometry.inChannels,
    ]);
    const add = this.placement.adds.get(node);
    const own = integers.get(conv.output);
    const total = integers.get(node.output);
    const sum =
      add && own && total
        ? {
            residual: this.strided(add.shortcut),
            ratio: Math.fround(own.scale / total.scale),
            residualRatio: Math.fround(integers.get(add.shortcut)!.scale / total.scale),
            ...limitsOf(total, hasRelu(node)),
          }
        : undefined;
    const { threads } = this.engine;
    return this.dispatch(
      packed.algorithm(geometry).dispatch(threads, {
        input,
        weights,
        epilogue: own
          ? {
              to: 'int16',
              output,
              bias,
              multipliers,
              ...limitsOf(own, !add && hasRelu(node)),
              ...(sum && { sum }),
            }
          : { to: 'float32', output, bias, multipliers, relu: hasRelu(node) },
      }),
    );
  }

  private integerSum(node: LoweredNode): Step | undefined {
    const { integers } = this.graph;
    const total = integers.get(node.output);
    if (node.op !== 'binary' || !total) return undefined;
    const [first, second] = node.inputs as readonly [GraphValue, GraphValue];
    const ratio = (value: GraphValue) => Math.fround(integers.get(value)!.scale / total.scale);
    return this.dispatch(
      int8Add(this.engine.threads, this.strided(first), this.strided(second), this.strided(node.output), {
        ratio: ratio(first),
        secondRatio: ratio(second),
        ...limitsOf(total, node.relu),
      }),
    );
  }

  private pooling(node: LoweredNode): Step | undefined {
    const [value] = node.inputs as [GraphValue];
    const from = this.extents(value);
    const to = this.extents(node.output);
    switch (node.op) {
      case 'pool':
        if (node.operator === 'max') return this.pool('max', node, poolGeometry(node, from, to));
        return isPlainPool(node) ? this.pool('mean', node, poolGeometry(node, from, to)) : undefined;
      case 'global-pool':
        return this.pool(node.operator === 'max' ? 'max' : 'mean', node, coveringGeometry([1, 1], from, to)!);
      case 'adaptive-pool': {
        const geometry = coveringGeometry(node.size, from, to);
        return geometry && this.pool('mean', node, geometry);
      }
      default:
        return undefined;
    }
  }

  private pool(pooling: 'max' | 'mean', node: LoweredNode, geometry: Geometry): Step {
    const [value] = node.inputs as [GraphValue];
    const [before, after] = [value, node.output].map((each) => this.graph.integers.get(each));
    const { engine } = this;
    if (!before || !after) {
      const [from, to] = [this.view(value), this.view(node.output)];
      return () => poolMap(engine, pooling, geometry, from, to);
    }
    const { images, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = geometry;
    const from = strided(this.view(value), [images, inHeight, inWidth, inChannels]);
    const to = strided(this.view(node.output), [images, outHeight, outWidth, outChannels]);
    if (pooling === 'max') return this.dispatch(int8MaxPool(engine.threads, geometry, from, to));
    return this.dispatch(
      int8AveragePool(engine.threads, geometry, from, to, {
        inputScale: before.scale,
        outputScale: after.scale,
        ...limitsOf(after, false),
        wholeKernel: false,
      }),
    );
  }

  /** Copies the values that do not lie in the result already. */
  private concat(node: ConcatNode): Step {
    const { places } = this.placement;
    const { home, channel } = places.get(node.output)!;
    const copies: Step[] = [];
    let at = channel;
    for (const value of node.inputs) {
      const place = places.get(value)!;
      const extents = this.extents(value);
      if (place.home !== home || place.channel !== at) {
        const to = viewOf(this.rooms.get(home)!, this.addressOf(home), at);
        copies.push(
          to.isInteger
            ? this.dispatch(int8Copy(this.engine.threads, this.strided(value), strided(to, extents)))
            : () => writeMap(this.engine, to, extents, this.read(value)),
        );
      }
      at += extents[3];
    }
    return () => {
      for (const copy of copies) copy();
    };
  }

  private script(node: Exclude<LoweredNode, ConversionNode>): Step {
    const shapes = node.inputs.map((value) => this.shapes.get(value)!);
    const shape = this.shapes.get(node.output)!;
    const constants = this.weights.constants.get(node) ?? [];
    return () => {
      const inputs = node.inputs.map((value) => this.read(value) as Float32Array);
      this.write(node.output, runScript(node, { inputs, shapes, shape, constants }));
    };
  }
}
