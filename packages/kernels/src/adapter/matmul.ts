import { broadcast_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import {
  Activation,
  isTransposedProduct,
  type MatMulGeometry,
  matMulTransposed,
  matMul as multiply,
  packedMatrixFloats,
  packMatrix,
} from '../ops/index.js';
import { misfit, numbers, optionalNumbers } from './checks.js';
import { activationOf, biasOf, withoutTerms } from './epilogue.js';
import { type Kernel, type KernelCall, type KernelFamily, NotTaken } from './registry.js';
import type { WasmTensors } from './wasm-tensors.js';

const outerOf = ({ shape }: TensorInfo): number[] => shape.slice(0, -2);
const matrices = (tensor: TensorInfo): number => util.sizeFromShape(outerOf(tensor));

/** Returns the leading dimensions of a product: those of both operands, broadcast. */
function batchShape(call: KernelCall, a: TensorInfo, b: TensorInfo): number[] {
  try {
    return broadcast_util.assertAndGetBroadcastShape(outerOf(a), outerOf(b));
  } catch {
    throw misfit(call, `b whose leading dimensions go with those of a [${a.shape}]`, `[${b.shape}]`);
  }
}

const last = ({ shape }: TensorInfo, back: number): number => shape[shape.length - back]!;

function geometryOf(call: KernelCall, a: TensorInfo, b: TensorInfo, batch: number): MatMulGeometry {
  const [transposeA, transposeB] = [call.attrs.transposeA === true, call.attrs.transposeB === true];
  const terms = last(a, transposeA ? 2 : 1);
  if (last(b, transposeB ? 1 : 2) !== terms)
    throw misfit(
      call,
      `b of ${terms} ${transposeB ? 'columns' : 'rows'}, as a [${a.shape}]${transposeA ? ', transposed,' : ''} has columns`,
      `[${b.shape}]`,
    );
  return {
    batch,
    rows: last(a, transposeA ? 1 : 2),
    terms,
    columns: last(b, transposeB ? 2 : 1),
    transposeA,
    transposeB,
    sharedA: matrices(a) === 1,
    sharedB: matrices(b) === 1,
  };
}

/** Returns the values of an operand, its matrices repeated to fill the leading dimensions `outer`. */
function spread(tensors: WasmTensors, side: TensorInfo, outer: readonly number[]): Float32Array {
  const values = tensors.values(side);
  const own = matrices(side);
  const batch = util.sizeFromShape([...outer]);
  if (own === 1 || own === batch) return values;
  const size = values.length / own;
  const extents = [...Array(outer.length - outerOf(side).length).fill(1), ...outerOf(side)];
  const result = new Float32Array(batch * size);
  for (let matrix = 0; matrix < batch; matrix++) {
    let from = 0;
    outer.forEach((extent, axis) => {
      const index = Math.floor(matrix / util.sizeFromShape(outer.slice(axis + 1))) % extent;
      from = from * extents[axis]! + (extents[axis] === 1 ? 0 : index);
    });
    result.set(values.subarray(from * size, (from + 1) * size), matrix * size);
  }
  return result;
}

/** Returns an operand of a product: float32, at least two axes. */
function sideOf(call: KernelCall, name: string): TensorInfo {
  const side = numbers(call, name);
  if (side.shape.length < 2) throw misfit(call, `${name} of shape [..., rows, columns]`, `[${side.shape}]`);
  return side;
}

/** Kernels of tfjs' matrix products: batched, either operand transposed, with fused bias [columns] and activation. */
export const matMul = (({ engine, weights }) => {
  const kernel: Kernel = (call) => {
    const { attrs, tensors, backend } = call;
    const [a, b] = [sideOf(call, 'a'), sideOf(call, 'b')];
    const activation = activationOf(attrs.activation);
    const slopes = optionalNumbers(call, 'preluActivationWeights');
    const outer = batchShape(call, a, b);
    const g = geometryOf(call, a, b, util.sizeFromShape(outer));
    const bias = biasOf(call, g.columns);
    if (activation === undefined || slopes) return new NotTaken(`activation '${attrs.activation}'`);
    const shape = [...outer, g.rows, g.columns];
    if (g.batch * g.rows * g.terms * g.columns === 0) return withoutTerms(tensors, shape, bias, activation);
    const left = spread(tensors, a, outer);
    if (isTransposedProduct(g) && !bias && activation === Activation.linear)
      return tensors.take(matMulTransposed(engine, g, left, spread(tensors, b, outer)), shape);
    const layout = `matrix ${b.shape} to ${outer} ${g.transposeB}`;
    const packed = weights.get(backend, b.dataId, layout, packedMatrixFloats(g), (into) =>
      packMatrix(engine, g, spread(tensors, b, outer), into),
    );
    return tensors.take(multiply(engine, g, left, packed, bias, activation), shape);
  };
  return { BatchMatMul: kernel, _FusedMatMul: kernel };
}) satisfies KernelFamily;
