import type { InferenceGraph } from '../graph/index.js';
import { infoOf, OnnxEmitter } from './emit.js';
import { TensorProto_DataType as DataType } from './onnx-schema.js';

/** Type of the weights and of the computation. Images and logits are float32. */
export type OnnxDtype = 'float32' | 'float16';

/** Choices of an ONNX file. */
export interface OnnxContent {
  readonly dtype: OnnxDtype;
  /** Version of the operator set. */
  readonly opset: number;
}

/** The first version of ONNX's format with each operator set (ONNX's docs/Versioning.md). */
const IR_VERSIONS: Readonly<Record<number, number>> = { 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11 };

/** Operator sets that can be written: those whose operators used here mean the same. */
export const OPSETS: readonly number[] = Object.keys(IR_VERSIONS).map(Number);

const INPUT = 'images';
const OUTPUT = 'logits';

/** Makes the ONNX file of a graph: its size in bytes, and its bytes in pieces. */
export function onnxFile(
  graph: InferenceGraph,
  { dtype, opset }: OnnxContent,
): { readonly size: number; readonly chunks: () => AsyncIterable<Uint8Array> } {
  const isHalf = dtype === 'float16';
  const emitter = new OnnxEmitter(isHalf ? DataType.FLOAT16 : DataType.FLOAT);
  const { writer } = emitter;
  const inputNames = graph.inputs.map(({ name }, i) => writer.unique(i === 0 ? INPUT : name));
  const cast = (name: string, to: DataType, output: string) => writer.add('Cast', [name], { to }, output);
  const inputs = isHalf ? inputNames.map((name) => cast(name, DataType.FLOAT16, `${name}.float16`)) : inputNames;
  const wanted = graph.outputs.map(({ name }, i) => (i === 0 ? OUTPUT : name));
  const outputs = emitter.emit(graph, inputs, isHalf ? wanted.map((name) => `${name}.float16`) : wanted);
  // An output has a name of its own: a net may give its input, or one value twice.
  const taken = new Set<string>(inputNames);
  const outputNames = outputs.map((name, i) => {
    const own = isHalf
      ? cast(name, DataType.FLOAT, wanted[i]!)
      : taken.has(name)
        ? writer.add('Identity', [name], {}, wanted[i]!)
        : name;
    taken.add(own);
    return own;
  });
  const { categories, preprocessing, activation } = graph.facts;
  return writer.file(
    {
      name: graph.name,
      inputs: graph.inputs.map((value, i) => infoOf(value, inputNames[i]!, DataType.FLOAT, graph)),
      outputs: graph.outputs.map((value, i) => infoOf(value, outputNames[i]!, DataType.FLOAT, graph)),
    },
    {
      opset,
      irVersion: IR_VERSIONS[opset]!,
      metadata: {
        model: graph.name,
        activation,
        ...(categories && { categories: JSON.stringify(categories) }),
        ...(preprocessing && { preprocessing: JSON.stringify(preprocessing) }),
      },
    },
  );
}
