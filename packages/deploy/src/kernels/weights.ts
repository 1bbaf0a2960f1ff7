import {
  type Engine,
  type Geometry,
  type MapConvolution,
  mapConvolution,
  type Pointer,
  packBias,
  packedMatrixFloats,
  packMatrix,
} from '@cnnzoo/kernels/engine';
import type { ConvNode, GraphNode, GraphWeight, LinearNode } from '../graph/index.js';

/** A convolution's weights in the kernels' memory, which serve maps of all sizes. */
export interface Packed {
  readonly convolution: MapConvolution;
  readonly weights: Pointer;
  /** 0: none. */
  readonly bias: Pointer;
}

/** Copies values into a block that stays. */
function keep(engine: Engine, values: Float32Array): Pointer {
  const pointer = engine.keep(values.length);
  engine.view(pointer, values.length).set(values);
  return pointer;
}

/**
 * Packs the weights of a convolution or linear layer.
 *
 * @param geometry that of the maps that are expected: it decides how the convolution is computed, for maps of all sizes.
 */
export async function packWeights(engine: Engine, node: ConvNode | LinearNode, geometry: Geometry): Promise<Packed> {
  const convolution = mapConvolution(geometry);
  const filter = await node.weight.read();
  let weights: Pointer;
  if (node.op === 'linear') {
    const [terms, columns] = node.weight.shape as [number, number];
    const matrix = {
      batch: 1,
      rows: 1,
      terms,
      columns,
      transposeA: false,
      transposeB: false,
      sharedA: false,
      sharedB: false,
    };
    weights = engine.keep(packedMatrixFloats(matrix));
    packMatrix(engine, matrix, filter, weights);
  } else {
    weights = engine.keep(convolution.floats(geometry));
    convolution.pack(engine, geometry, filter, weights);
  }
  const bias = node.bias ? keep(engine, packBias(geometry, await node.bias.read())) : 0;
  return { convolution, weights, bias };
}

/** Returns the constants of a node that a script computes. */
export function constantsOf(node: GraphNode): readonly GraphWeight[] {
  switch (node.op) {
    case 'scale':
      return [node.scale, node.shift];
    case 'group-norm':
      return [node.weight, node.bias];
    default:
      return [];
  }
}
