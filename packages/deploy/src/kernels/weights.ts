import {
  columnFloats,
  directInt8,
  type Engine,
  type Geometry,
  type Int8Algorithm,
  int8Algorithm,
  type MapConvolution,
  mapConvolution,
  type Padding,
  type Pointer,
  packBias,
  packedMatrixFloats,
  packMatrix,
  putColumns,
  winogradInt8,
} from '@cnnzoo/kernels/internal/engine';
import type { ConvNode, GraphWeight, LinearNode, QuantizedGraph } from '../graph/index.js';
import { quantizeBias, quantizeWeight, sumScales } from '../graph/quantized.js';
import type { LoweredNode } from './lower.js';

/** A convolution's weights in the kernels' memory, which serve maps of all sizes. */
export interface PackedFloats {
  readonly type: 'float32';
  readonly convolution: MapConvolution;
  readonly weights: Pointer;
  /** 0: none. */
  readonly bias: Pointer;
}

/** The same in integers. */
export interface PackedIntegers {
  readonly type: 'integer';
  algorithm(geometry: Geometry): Int8Algorithm;
  readonly weights: Pointer;
  readonly bias: Pointer;
  /** Factors from sums to the output's integers, or to float32. */
  readonly multipliers: Pointer;
}

export type Packed = PackedFloats | PackedIntegers;

/** Returns the zeros that the input of a convolution needs around it. */
export const paddingOf = (packed: Packed, geometry: Geometry): Padding =>
  packed.type === 'float32' ? packed.convolution.padding(geometry) : packed.algorithm(geometry).border;

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
export async function packFloats(
  engine: Engine,
  node: ConvNode | LinearNode,
  geometry: Geometry,
): Promise<PackedFloats> {
  const convolution = mapConvolution(geometry);
  const filter = await node.weight.read();
  let weights: Pointer;
  if (node.op === 'linear') {
    const [terms, columns] = node.weight.shape as [number, number];
    const sides = { transposeA: false, transposeB: false, sharedA: false, sharedB: false };
    const matrix = { batch: 1, rows: 1, terms, columns, ...sides };
    weights = engine.keep(packedMatrixFloats(matrix));
    packMatrix(engine, matrix, filter, weights);
  } else {
    weights = engine.keep(convolution.floats(geometry));
    convolution.pack(engine, geometry, filter, weights);
  }
  const bias = node.bias ? keep(engine, packBias(geometry, await node.bias.read())) : 0;
  return { type: 'float32', convolution, weights, bias };
}

/**
 * Packs the weights of a convolution or linear layer in 8 bits.
 *
 * @param pixelStep values from one pixel of the input to the next.
 */
export async function packIntegers(
  engine: Engine,
  node: ConvNode | LinearNode,
  graph: QuantizedGraph,
  geometry: Geometry,
  pixelStep: number,
): Promise<PackedIntegers> {
  const { values, weights: scales } = graph.quantization;
  const scale = scales.get(node.weight.name)!;
  const sums = sumScales(values.get(node.inputs[0]!.name)!.scale, scale);
  const output = values.get(node.output.name);
  const multipliers = output ? sums.map((sum) => Math.fround(sum / Math.fround(output.scale))) : sums;
  const bias = node.bias
    ? quantizeBias(node.bias.name, await node.bias.read(), sums)
    : new Int32Array(geometry.outChannels);
  const chosen = int8Algorithm(geometry);
  const filter = quantizeWeight(await node.weight.read(), scale);
  const weights = engine.keep(Math.ceil(chosen.bytes(pixelStep) / 4));
  chosen.pack(engine, pixelStep, filter, weights);
  const columns = (each: Int32Array | Float32Array): Pointer => {
    const pointer = engine.keep(columnFloats(geometry));
    putColumns(engine, geometry, each, pointer);
    return pointer;
  };
  return {
    type: 'integer',
    algorithm: chosen.name === 'winograd' ? winogradInt8 : directInt8,
    weights,
    bias: columns(bias),
    multipliers: columns(multipliers),
  };
}

/** Returns the constants of a node that a script computes. */
export function constantsOf(node: LoweredNode): readonly GraphWeight[] {
  switch (node.op) {
    case 'scale':
      return [node.scale, node.shift];
    case 'group-norm':
      return [node.weight, node.bias];
    default:
      return [];
  }
}
