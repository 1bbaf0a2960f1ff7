import { CnnzooError } from '@cnnzoo/core';
import { shownValue } from '@cnnzoo/core/internal';
import { type InferenceGraph, isQuantized, type NetOrQuantized } from '../graph/index.js';
import { infoOf, OnnxEmitter } from './emit.js';
import { TensorProto_DataType as DataType, type ValueInfoProto } from './onnx-schema.js';
import { tensorInfo } from './onnx-writer.js';
import { writePreprocessing } from './preprocess.js';

/** Type of the weights and of the computation: 'int8' is that of a graph that `quantize` has made. Images and logits are float32. */
export type OnnxDtype = 'float32' | 'float16' | 'int8';

/**
 * Returns the dtype of an ONNX file. Default: 'int8' of a quantized graph, 'float32' of a net.
 *
 * @param where name of the function, for messages.
 * @throws CnnzooError INPUT for another value, and for 'int8' of a net.
 */
export function onnxDtypeOf(where: string, net: NetOrQuantized, dtype: OnnxDtype | undefined): OnnxDtype {
  const chosen = dtype ?? (isQuantized(net) ? 'int8' : 'float32');
  if (!['float32', 'float16', 'int8'].includes(chosen))
    throw new CnnzooError(
      'INPUT',
      `${where}: expected dtype 'float32', 'float16' or 'int8', received ${shownValue(chosen)}.`,
    );
  if (chosen === 'int8' && !isQuantized(net))
    throw new CnnzooError(
      'INPUT',
      `${where}: dtype 'int8' is that of a quantized graph, and a net was given. Calibrate it first: ` +
        'const { graph } = await quantize(net, images).',
    );
  return chosen;
}

/** Choices of an ONNX file. */
export interface OnnxContent {
  readonly dtype: OnnxDtype;
  /** Version of the operator set. */
  readonly opset: number;
  /** true: the file takes one image of any size, and gives its scores. */
  readonly preprocessing: boolean;
}

/** The first version of ONNX's format with each operator set (ONNX's docs/Versioning.md). */
const IR_VERSIONS: Readonly<Record<number, number>> = { 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11 };

/** Operator sets that can be written: those whose operators used here mean the same. */
export const OPSETS: readonly number[] = Object.keys(IR_VERSIONS).map(Number);

const IMAGES = 'images';
const LOGITS = 'logits';

/** Ends of an ONNX graph. */
interface Ends {
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
}

/** A file: its size in bytes, its bytes in pieces, and its inputs and outputs. */
export interface OnnxFile extends Ends {
  readonly size: number;
  readonly chunks: () => AsyncIterable<Uint8Array>;
}

/** Makes the ONNX file of a graph. */
export function onnxFile(graph: InferenceGraph, { dtype, opset, preprocessing }: OnnxContent): OnnxFile {
  const isHalf = dtype === 'float16';
  const quantization = dtype === 'int8' && isQuantized(graph) ? graph.quantization : undefined;
  const emitter = new OnnxEmitter(isHalf ? DataType.FLOAT16 : DataType.FLOAT, quantization);
  const ends = preprocessing ? imageToScores(graph, emitter, isHalf) : imagesToLogits(graph, emitter, isHalf);
  const { categories, activation, preprocessing: known } = graph.facts;
  const file = emitter.writer.file(
    { name: graph.name, ...ends },
    {
      opset,
      irVersion: IR_VERSIONS[opset]!,
      metadata: {
        model: graph.name,
        activation,
        ...(categories && { categories: JSON.stringify(categories) }),
        ...(known && { preprocessing: JSON.stringify(known) }),
      },
    },
  );
  return { ...file, ...ends };
}

const cast = ({ writer }: OnnxEmitter, name: string, to: DataType, output: string): string =>
  writer.add('Cast', [name], { to }, output);

/** Preprocessed images to the net's outputs. */
function imagesToLogits(graph: InferenceGraph, emitter: OnnxEmitter, isHalf: boolean): Ends {
  const { writer } = emitter;
  const inputNames = graph.inputs.map(({ name }, i) => writer.unique(i === 0 ? IMAGES : name));
  const half = (name: string): string => cast(emitter, name, DataType.FLOAT16, `${name}.float16`);
  const inputs = isHalf ? inputNames.map(half) : inputNames;
  // Kept before a layer of such a name takes it.
  const wanted = graph.outputs.map(({ name }, i) => writer.unique(i === 0 ? LOGITS : name));
  const outputs = emitter.emit(graph, inputs, isHalf ? wanted.map((name) => writer.unique(`${name}.float16`)) : wanted);
  // An output has a name of its own: a net may give its input, or one value twice.
  const outputNames = outputs.map((name, i) => {
    let own = name;
    if (isHalf) own = writer.addAs(wanted[i]!, 'Cast', [name], { to: DataType.FLOAT });
    else if (name !== wanted[i]) own = writer.addAs(wanted[i]!, 'Identity', [name], {});
    return own;
  });
  return {
    inputs: graph.inputs.map((value, i) => infoOf(value, inputNames[i]!, DataType.FLOAT, graph)),
    outputs: graph.outputs.map((value, i) => infoOf(value, outputNames[i]!, DataType.FLOAT, graph)),
  };
}

/** One image of any size to the scores of its classes. */
function imageToScores(graph: InferenceGraph, emitter: OnnxEmitter, isHalf: boolean): Ends {
  const { writer } = emitter;
  const { preprocessing, activation } = graph.facts;
  if (!preprocessing)
    throw new CnnzooError(
      'INPUT',
      `exportOnnx: '${graph.name}' is a LayersModel, which states no preprocessing. Give a Classifier, or export without it.`,
    );
  const [height, width, channels] = [...preprocessing.crop, preprocessing.channels];
  const [input] = graph.inputs;
  const fits = [null, height, width, channels].every(
    (extent, i) => input!.shape[i] === null || input!.shape[i] === extent,
  );
  if (graph.inputs.length !== 1 || !(fits || (graph.anySize && input!.shape[3] === channels)))
    throw new CnnzooError(
      'SHAPE',
      `exportOnnx: '${graph.name}' takes [${input!.shape}], its preprocessing gives [${[height, width, channels]}]. Build the net with ` +
        'that inputShape.',
    );
  const image = writer.unique('image');
  const images = writePreprocessing(writer, image, preprocessing);
  const [logits] = emitter.emit(
    { ...graph, outputs: graph.outputs.slice(0, 1) },
    [isHalf ? cast(emitter, images, DataType.FLOAT16, `${images}.float16`) : images],
    [writer.unique(LOGITS)],
  );
  const whole = isHalf ? cast(emitter, logits!, DataType.FLOAT, `${LOGITS}.float32`) : logits!;
  const scores =
    activation === 'sigmoid'
      ? writer.add('Sigmoid', [whole], {}, 'probabilities')
      : writer.add('Softmax', [whole], { axis: 1 }, 'probabilities');
  return {
    inputs: [tensorInfo(image, DataType.UINT8, ['height', 'width', 3])],
    outputs: [tensorInfo(scores, DataType.FLOAT, [1, graph.outputs[0]!.shape.at(-1)!])],
  };
}
