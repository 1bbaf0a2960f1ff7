import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import {
  isTransposedProduct,
  type MatMulGeometry,
  matMulTransposed,
  matMul as multiply,
  packedMatrixFloats,
  packMatrix,
} from '../ops/matmul.js';
import { Activation } from '../ops/product.js';
import { activationOf } from './activation.js';
import { notFloats } from './floats.js';
import { type Kernel, type KernelFamily, NotTaken } from './registry.js';

const matrices = ({ shape }: TensorInfo): number => util.sizeFromShape(shape.slice(0, -2));

const last = ({ shape }: TensorInfo, back: number): number => shape[shape.length - back]!;

/** Shape of the batch of a product: the leading dimensions, broadcast where one side has a single matrix. */
function batchShape(a: TensorInfo, b: TensorInfo): number[] | undefined {
  const [outerA, outerB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  if (matrices(b) === 1 && outerA.length >= outerB.length) return outerA;
  if (matrices(a) === 1 && outerB.length >= outerA.length) return outerB;
  return util.arraysEqual(outerA, outerB) ? outerA : undefined;
}

function geometryOf(a: TensorInfo, b: TensorInfo, transposeA: boolean, transposeB: boolean): MatMulGeometry {
  const batch = Math.max(matrices(a), matrices(b));
  return {
    batch,
    rows: last(a, transposeA ? 1 : 2),
    terms: last(a, transposeA ? 2 : 1),
    columns: last(b, transposeB ? 2 : 1),
    transposeA,
    transposeB,
    sharedA: matrices(a) === 1,
    sharedB: matrices(b) === 1,
  };
}

/** tfjs' products of matrices, of any batch, transposed on either side; bias [columns] and activation joined. */
export const matMul: KernelFamily = ({ engine, weights }) => {
  const kernel: Kernel = (call) => {
    const { inputs, attrs, tensors, backend } = call;
    const { a, b, bias, preluActivationWeights } = inputs as Record<string, TensorInfo>;
    const activation = activationOf(attrs.activation);
    if (activation === undefined || preluActivationWeights) return new NotTaken(`activation '${attrs.activation}'`);
    const no = notFloats(call);
    if (no) return no;
    const g = geometryOf(a!, b!, attrs.transposeA === true, attrs.transposeB === true);
    const outer = batchShape(a!, b!);
    if (!outer || g.batch * g.rows * g.terms * g.columns === 0)
      return new NotTaken(`shapes [${a!.shape}] and [${b!.shape}]`);
    if (bias && util.sizeFromShape(bias.shape) !== g.columns) return new NotTaken(`a bias of shape [${bias.shape}]`);
    const shape = [...outer, g.rows, g.columns];
    if (isTransposedProduct(g) && !bias && activation === Activation.linear)
      return tensors.take(matMulTransposed(engine, g, tensors.values(a!), tensors.values(b!)), shape);
    const packed = weights.get(backend, b!.dataId, `matrix ${g.terms} ${g.transposeB}`, packedMatrixFloats(g), (into) =>
      packMatrix(engine, g, tensors.values(b!), into),
    );
    return tensors.take(
      multiply(engine, g, tensors.values(a!), packed, bias && tensors.values(bias), activation),
      shape,
    );
  };
  return { BatchMatMul: kernel, _FusedMatMul: kernel };
};
