import { CnnzooError } from '@cnnzoo/core/internal/page';
import { createEngine, defaultThreads, type Engine as Kernels, type Pointer } from '@cnnzoo/kernels/internal/engine';
import type { GraphValue, InferenceGraph } from '../graph/index.js';
import { isQuantized } from '../graph/quantized.js';
import type { BatchShape, Engine } from '../session/engine.js';
import { convGeometry, linearGeometry } from './geometry.js';
import { type LoweredGraph, type LoweredNode, lower } from './lower.js';
import { type Placement, placementOf } from './placement.js';
import { type GraphWeights, type Observe, Program } from './program.js';
import { type MapExtents, mapExtents, shapesOf } from './shapes.js';
import { constantsOf, type Packed, packFloats, packIntegers } from './weights.js';

/** Options of `KernelsEngine.create`. */
export interface KernelsOptions {
  /** Default: those of `accelerate`. */
  readonly threads?: number | undefined;
  /** true: each value of the graph exists, so that `run` can show them. Slower. Default: false. */
  readonly observe?: boolean | undefined;
}

/** Height and width that a net is expected to see, where it takes any. */
const USUAL_SIZE = 224;

/** Shape of the images that decide how the convolutions are computed. */
function expectedImages({ inputs, facts }: InferenceGraph): MapExtents {
  const [, height, width, channels] = inputs[0]!.shape;
  const [rows, columns] = facts.preprocessing?.crop ?? [USUAL_SIZE, USUAL_SIZE];
  return [1, height ?? rows, width ?? columns, channels!];
}

/** Packs a graph's weights. `graph` is what was lowered. */
async function packGraph(
  kernels: Kernels,
  graph: InferenceGraph,
  lowered: LoweredGraph,
  { nodes, adds, places }: Placement,
): Promise<GraphWeights> {
  const shapes = shapesOf(lowered, expectedImages(graph));
  const packed = new Map<LoweredNode, Packed>();
  const constants = new Map<LoweredNode, readonly Float32Array[]>();
  for (const each of nodes) {
    const node = adds.get(each)?.conv ?? each;
    if (node.op === 'conv' || node.op === 'linear') {
      const [input] = node.inputs as [GraphValue];
      const [from, to] = [input, node.output].map((value) => mapExtents(shapes.get(value)!));
      const geometry = node.op === 'conv' ? convGeometry(node, from!, to!) : linearGeometry(node, 1);
      const pixelStep = mapExtents(shapes.get(places.get(input)!.home.value)!)[3];
      packed.set(
        node,
        isQuantized(graph) && lowered.integers.has(input)
          ? await packIntegers(kernels, node, graph, geometry, pixelStep)
          : await packFloats(kernels, node, geometry),
      );
    } else constants.set(node, await Promise.all(constantsOf(node).map((weight) => weight.read())));
  }
  return { packed, constants };
}

/** A graph that the kernels compute in their own memory: no TensorFlow.js, and no copies between the nodes. */
export class KernelsEngine implements Engine {
  readonly name = 'kernels';
  private program: Program | undefined;
  private shape = '';
  private arena: Pointer = 0;
  private readonly renewals: number;

  private constructor(
    private readonly kernels: Kernels,
    private readonly graph: LoweredGraph,
    private readonly placement: Placement,
    private readonly weights: GraphWeights,
  ) {
    this.renewals = kernels.renewals;
  }

  /** Reads the graph's weights and starts the threads. */
  static async create(
    graph: InferenceGraph,
    { threads, observe = false }: KernelsOptions = {},
  ): Promise<KernelsEngine> {
    const kernels = await createEngine(threads ?? defaultThreads());
    try {
      const lowered = lower(graph);
      const placement = placementOf(lowered, observe);
      return new KernelsEngine(kernels, lowered, placement, await packGraph(kernels, graph, lowered, placement));
    } catch (error) {
      kernels.dispose();
      throw error;
    }
  }

  /** Threads that compute, the calling one included. */
  get threads(): number {
    return this.kernels.threads;
  }

  /** Bytes of memory. */
  get bytes(): number {
    return this.kernels.bytes;
  }

  /** @param observe only of an engine that was made to be observed. */
  async run(batch: Float32Array, shape: BatchShape, observe?: Observe): Promise<Float32Array[]> {
    const { kernels } = this;
    kernels.reset();
    if (kernels.renewals !== this.renewals)
      throw new CnnzooError(
        'BACKEND',
        'A thread of the kernels has ended, and the weights in their memory with it. Make the session anew.',
      );
    return this.programFor(shape).run(batch, observe);
  }

  async dispose(): Promise<void> {
    this.kernels.dispose();
  }

  private programFor(shape: BatchShape): Program {
    if (this.program && this.shape === shape.join()) return this.program;
    const { kernels, graph, placement, weights } = this;
    const program = new Program(kernels, graph, placement, weights, shape);
    if (this.program) kernels.release(this.arena, this.program.floats);
    this.program = undefined;
    this.arena = kernels.keep(program.floats);
    program.settle(this.arena);
    this.shape = shape.join();
    this.program = program;
    return program;
  }
}
