import { Activation, type Engine, type Geometry, type MapView, type Pointer, poolMap } from '@cnnzoo/kernels/engine';
import type { ConcatNode, ConvNode, GraphNode, GraphValue, InferenceGraph, LinearNode } from '../graph/index.js';
import { planArena } from './arena.js';
import { convGeometry, coveringGeometry, linearGeometry, poolGeometry } from './geometry.js';
import { clearBorder, floatsOf, NO_BORDER, type Room, readMap, viewOf, widest, withPadding, writeMap } from './maps.js';
import type { Home, Placement } from './placement.js';
import { runScript } from './script.js';
import { type MapExtents, mapExtents, type Shapes, shapesOf } from './shapes.js';
import type { Packed } from './weights.js';

/** Weights of a graph in the kernels' memory, and the constants of its scripts. */
export interface GraphWeights {
  readonly packed: ReadonlyMap<GraphNode, Packed>;
  readonly constants: ReadonlyMap<GraphNode, readonly Float32Array[]>;
}

/** Is called with each value as soon as it is computed: row-major [n, h, w, c], valid during the call. */
export type Observe = (value: GraphValue, values: Float32Array) => void;

const isPlainMean = (counted: readonly (readonly [number, number])[]): boolean =>
  counted.flat().every((pixels) => pixels === 0);

const toKernel = (relu: boolean): Activation => (relu ? Activation.relu : Activation.linear);

/** A graph, laid out in the kernels' memory for batches of one shape. */
export class Program {
  /** Floats of the arena. */
  readonly floats: number;
  private readonly shapes: Shapes;
  private readonly rooms = new Map<Home, Room>();
  private readonly offsets = new Map<Home, number>();
  private readonly firsts = new Map<number, Home[]>();
  private readonly steps: (() => void)[];

  /** @param arena address of the arena, once it is known. */
  constructor(
    private readonly engine: Engine,
    private readonly graph: InferenceGraph,
    private readonly placement: Placement,
    private readonly weights: GraphWeights,
    images: MapExtents,
    private readonly arena: () => Pointer,
  ) {
    this.shapes = shapesOf(graph, images);
    this.floats = this.layOut();
    this.steps = placement.nodes.map((node) => this.stepOf(node));
  }

  run(batch: Float32Array, observe?: Observe): Float32Array[] {
    const { engine, graph, placement, rooms } = this;
    const clear = (turn: number) => {
      for (const home of this.firsts.get(turn) ?? []) clearBorder(engine, rooms.get(home)!, this.addressOf(home));
    };
    const [input] = graph.inputs;
    clear(-1);
    writeMap(engine, this.view(input!), this.extents(input!), batch);
    observe?.(input!, batch);
    for (const [turn, step] of this.steps.entries()) {
      clear(turn);
      // Drops the tables of the step before.
      engine.reset();
      step();
      const { output } = placement.nodes[turn]!;
      observe?.(output, this.read(output));
    }
    return graph.outputs.map((value) => this.read(value));
  }

  private extents(value: GraphValue): MapExtents {
    return mapExtents(this.shapes.get(value)!);
  }

  private addressOf(home: Home): Pointer {
    return this.arena() + this.offsets.get(home)!;
  }

  private view(value: GraphValue): MapView {
    const { home, channel } = this.placement.places.get(value)!;
    return viewOf(this.rooms.get(home)!, this.addressOf(home), channel);
  }

  private read(value: GraphValue): Float32Array {
    return readMap(this.engine, this.view(value), this.extents(value));
  }

  private write(value: GraphValue, values: Float32Array): void {
    writeMap(this.engine, this.view(value), this.extents(value), values);
  }

  /** Convolution that a node computes: itself, or the one that its sum is fused with. */
  private convOf(node: GraphNode): ConvNode | LinearNode | undefined {
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
      const { convolution } = this.weights.packed.get(conv)!;
      borders.set(home, widest(borders.get(home) ?? NO_BORDER, convolution.padding(this.geometryOf(conv))));
    }
    for (const value of this.graph.outputs) use(value, nodes.length);
    const homes = [...lives];
    for (const [home, { first }] of homes) {
      const room = { extents: this.extents(home.value), border: borders.get(home) ?? NO_BORDER };
      this.rooms.set(home, room);
      this.firsts.set(first, [...(this.firsts.get(first) ?? []), home]);
    }
    const { offsets, bytes } = planArena(
      homes.map(([home, life]) => ({ ...life, bytes: 4 * floatsOf(this.rooms.get(home)!) + SLACK })),
    );
    for (const [i, [home]] of homes.entries()) this.offsets.set(home, offsets[i]!);
    return Math.ceil(bytes / 4);
  }

  private stepOf(node: GraphNode): () => void {
    const conv = this.convOf(node);
    if (conv) return this.convolution(conv, node);
    if (node.op === 'concat' && node.axis === node.output.shape.length - 1) return this.concat(node);
    return this.pooling(node) ?? this.script(node);
  }

  /** @param node the convolution, or the sum that is fused with it. */
  private convolution(conv: ConvNode | LinearNode, node: GraphNode): () => void {
    const { engine } = this;
    const { convolution, weights, bias } = this.weights.packed.get(conv)!;
    const geometry = this.geometryOf(conv);
    const padding = convolution.padding(geometry);
    const add = this.placement.adds.get(node);
    const activation = toKernel('relu' in node && node.relu);
    const { places } = this.placement;
    const isCopied = add && places.get(add.shortcut)!.home !== places.get(node.output)!.home;
    return () => {
      if (isCopied) this.write(node.output, this.read(add.shortcut));
      const from = withPadding(this.view(conv.inputs[0]!), padding);
      const epilogue = { bias, activation, accumulate: add !== undefined };
      convolution.run(engine, geometry, from, weights, this.view(node.output), epilogue);
    };
  }

  private pooling(node: GraphNode): (() => void) | undefined {
    const [value] = node.inputs as [GraphValue];
    const from = this.extents(value);
    const to = this.extents(node.output);
    const run = (pooling: Parameters<typeof poolMap>[1], geometry: Geometry) => () =>
      poolMap(this.engine, pooling, geometry, this.view(value), this.view(node.output));
    switch (node.op) {
      case 'pool':
        if (node.operator === 'max') return run('max', poolGeometry(node, from, to));
        return isPlainMean(node.counted) ? run('mean', poolGeometry(node, from, to)) : undefined;
      case 'global-pool': {
        const geometry = coveringGeometry([1, 1], from, to)!;
        return run(node.operator === 'max' ? 'max' : 'mean', geometry);
      }
      case 'adaptive-pool': {
        const geometry = coveringGeometry(node.size, from, to);
        return geometry && run('mean', geometry);
      }
      default:
        return undefined;
    }
  }

  /** Copies the values that do not lie in the result already. */
  private concat(node: ConcatNode): () => void {
    const { places } = this.placement;
    const { home, channel } = places.get(node.output)!;
    const copied: { readonly value: GraphValue; readonly channel: number }[] = [];
    let at = channel;
    for (const value of node.inputs) {
      const place = places.get(value)!;
      if (place.home !== home || place.channel !== at) copied.push({ value, channel: at });
      at += this.extents(value)[3];
    }
    return () => {
      for (const { value, channel: to } of copied) {
        const view = viewOf(this.rooms.get(home)!, this.addressOf(home), to);
        writeMap(this.engine, view, this.extents(value), this.read(value));
      }
    };
  }

  private script(node: GraphNode): () => void {
    const shapes = node.inputs.map((value) => this.shapes.get(value)!);
    const shape = this.shapes.get(node.output)!;
    const constants = this.weights.constants.get(node) ?? [];
    return () => {
      const inputs = node.inputs.map((value) => this.read(value));
      this.write(node.output, runScript(node, { inputs, shapes, shape, constants }));
    };
  }
}

/** Bytes past the end of a map that vector loads may read. */
const SLACK = 256;
