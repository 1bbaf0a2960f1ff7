import { CnnzooError, type Net } from '@cnnzoo/core';
import { checkOptions, shownValue, writeNewDirectory } from '@cnnzoo/core/internal';
import { type GraphValue, type InferenceGraph, isQuantized, openShape } from '../graph/index.js';
import { withSnapshot } from '../snapshot.js';
import { GraphModelEmitter, takesAnySize } from './emit.js';
import { shapeAttribute } from './topology.js';
import { type GraphModelDtype, shardsOf, storeConstant, type WeightEntry } from './weights-file.js';

/** Options of `exportGraphModel`. */
export interface GraphModelOptions {
  /**
   * Type that the weights are stored in: 'float16' halves the download and 'uint8' quarters it, at the cost of some accuracy. They are
   * float32 again when they are loaded, so that the speed is the same. Default: 'float32'.
   */
  dtype?: GraphModelDtype | undefined;
}

const DTYPES: readonly GraphModelDtype[] = ['float32', 'float16', 'uint8'];

/**
 * Writes a net as a GraphModel of TensorFlow.js, which `tf.loadGraphModel` of `@tensorflow/tfjs-converter` opens without cnnzoo: a
 * `model.json` and its files of weights, each of at most 4 MiB.
 *
 * - Input `images`: float32 [batch, height, width, channels], normalised as the net's preprocessing says. The batch is free, and so are
 *   height and width if the net's layers take any.
 * - Output `logits`: float32 [batch, classes]; auxiliary heads come after it.
 * - `userDefinedMetadata` of model.json: `model`, `activation`, `categories` and `preprocessing`.
 *
 * BatchNorm is folded into the convolution before it; convolution, bias and ReLU are one operator. The weights are those of the moment of the
 * call.
 *
 * @param net a LayersModel or Classifier. A LayersModel has no categories and no preprocessing to note.
 * @param directory to be written: new or empty. A new one is there when all its files are; a failure leaves no file behind.
 * @throws CnnzooError INPUT for a layer that a GraphModel has no operator for, which it names, an unknown option, or a weight that the dtype
 * can't hold; FILE if the directory has files or can't be written; TRAINING in the middle of a training step.
 *
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 * import { exportGraphModel } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const net = await resnet18.pretrained();
 * await exportGraphModel(net, 'public/resnet18', { dtype: 'float16' });
 * ```
 */
export async function exportGraphModel(
  net: Net,
  directory: string | URL,
  options: GraphModelOptions = {},
): Promise<void> {
  checkOptions('exportGraphModel', options, ['dtype']);
  const { dtype = 'float32' } = options;
  if (!DTYPES.includes(dtype))
    throw new CnnzooError(
      'INPUT',
      `exportGraphModel: expected dtype '${DTYPES.join("', '")}', received ${shownValue(dtype)}.`,
    );
  if (isQuantized(net))
    throw new CnnzooError(
      'INPUT',
      'exportGraphModel: received a quantized graph, and TensorFlow.js computes nothing in 8 bits. Give the net itself, or write the graph ' +
        'with exportOnnx.',
    );
  await withSnapshot(net, (graph) =>
    writeNewDirectory(directory, (add) => writeGraphModel(graph, dtype, (name, bytes) => add(name, [bytes]))),
  );
}

/** Writes the files of a GraphModel, model.json last. */
async function writeGraphModel(
  graph: InferenceGraph,
  dtype: GraphModelDtype,
  write: (name: string, bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  const emitter = new GraphModelEmitter();
  const { inputs, outputs } = emitter.emit(graph);
  const { nodes, constants } = emitter.topology;
  const entries: WeightEntry[] = [];
  async function* parts(): AsyncGenerator<Uint8Array> {
    for (const constant of constants) {
      const { entry, bytes } = await storeConstant(constant, dtype);
      entries.push(entry);
      yield* bytes();
    }
  }
  const paths: string[] = [];
  for await (const shard of shardsOf(parts())) {
    const name = `weights-${String(paths.length + 1).padStart(3, '0')}.bin`;
    await write(name, shard);
    paths.push(name);
  }
  const { categories, preprocessing, activation } = graph.facts;
  const anySize = takesAnySize(graph);
  const ends = (names: readonly string[], values: readonly GraphValue[]) =>
    Object.fromEntries(
      names.map((name, i) => [
        name,
        {
          name: `${name}:0`,
          dtype: 'DT_FLOAT',
          tensorShape: (shapeAttribute(openShape(values[i]!, anySize)) as { shape: object }).shape,
        },
      ]),
    );
  const model = {
    format: 'graph-model',
    generatedBy: 'cnnzoo',
    convertedBy: null,
    signature: {
      inputs: ends(inputs, graph.inputs),
      outputs: ends(outputs, graph.outputs),
    },
    modelTopology: { node: nodes, library: {}, versions: {} },
    weightsManifest: [{ paths, weights: entries }],
    userDefinedMetadata: {
      model: graph.name,
      activation,
      ...(categories && { categories }),
      ...(preprocessing && { preprocessing }),
    },
  };
  await write('model.json', new TextEncoder().encode(JSON.stringify(model)));
}
