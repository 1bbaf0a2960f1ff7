import { CnnzooError } from '@cnnzoo/core';
import { checkOptions, namesIn, pathIn, pathOf, removeFiles, shownValue, writeNewFile } from '@cnnzoo/core/internal';
import type { NetOrQuantized } from '../graph/index.js';
import { type OnnxDtype, type OnnxFile, onnxDtypeOf, onnxFile, type ValueInfoProto } from '../onnx/index.js';
import { withSnapshot } from '../snapshot.js';

/** Options of `exportTriton`. */
export interface TritonOptions {
  /** Name of the model in the repository: letters, digits, '.', '_' and '-'. Default: the net's. */
  name?: string | undefined;
  /** Type of the weights and of the computation, as of `exportOnnx`. Images and logits are float32. Default: 'int8' of a quantized graph, 'float32' of a net. */
  dtype?: OnnxDtype | undefined;
  /** Most images of a batch that the server may put together, 1 or more. Default: 16. */
  maxBatchSize?: number | undefined;
}

const OPSET = 18;
const VERSION = '1';
const LABELS = 'labels.txt';

/** Writes text of Protocol Buffers' text format: a string with its quotes. Bytes above 0x7e are left as UTF-8. */
const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;

/** Writes the entry of an input or output of the file. The batch is not among Triton's dimensions. */
function tensorText({ name, type }: ValueInfoProto, labels = ''): string {
  const axes = type?.value.case === 'tensorType' ? (type.value.value.shape?.dim ?? []) : [];
  const dims = axes.slice(1).map(({ value }) => (value.case === 'dimValue' ? value.value : -1));
  return `  {\n    name: ${quoted(name)}\n    data_type: TYPE_FP32\n    dims: [ ${dims.join(', ')} ]\n${labels}  }`;
}

/** Returns the text of `config.pbtxt`, a ModelConfig of Triton's model_config.proto. */
function configText({ inputs, outputs }: OnnxFile, name: string, maxBatchSize: number, hasLabels: boolean): string {
  const labels = hasLabels ? `    label_filename: ${quoted(LABELS)}\n` : '';
  return `${[
    `name: ${quoted(name)}`,
    'platform: "onnxruntime_onnx"',
    `max_batch_size: ${maxBatchSize}`,
    `input [\n${inputs.map((input) => tensorText(input)).join(',\n')}\n]`,
    `output [\n${outputs.map((output, i) => tensorText(output, i === 0 ? labels : '')).join(',\n')}\n]`,
    // Without fields: a batch is made of the requests that wait.
    'dynamic_batching { }',
  ].join('\n')}\n`;
}

/** Refuses the directory of another model. Empty directories are none. */
async function requireFree(directory: string): Promise<void> {
  const [file] = [
    ...(await namesIn(directory)).filter((each) => each !== VERSION),
    ...(await namesIn(pathIn(directory, VERSION))),
  ];
  if (file !== undefined)
    throw new CnnzooError(
      'FILE',
      `exportTriton: expected a directory that is empty or does not exist, '${directory}' has '${file}'. Choose another name.`,
    );
}

function checkTriton({ name, maxBatchSize }: TritonOptions): void {
  const refuse = (option: string, expected: string, value: unknown): never => {
    throw new CnnzooError('INPUT', `exportTriton: expected ${option} ${expected}, received ${shownValue(value)}.`);
  };
  if (name !== undefined && !(typeof name === 'string' && isName(name)))
    refuse('name', "of letters, digits, '.', '_' and '-'", name);
  // max_batch_size is an int32.
  if (maxBatchSize !== undefined && !(Number.isInteger(maxBatchSize) && maxBatchSize > 0 && maxBatchSize < 2 ** 31))
    refuse('maxBatchSize', '1, 2, …', maxBatchSize);
}

/** Returns true for a name that is also a directory's, and no hidden one. */
const isName = (name: string): boolean => /^[\w-][\w.-]*$/.test(name);

/**
 * Writes a net into a model repository of NVIDIA's Triton Inference Server, as version 1 of a model:
 *
 * - `<name>/1/model.onnx`: the file of `exportOnnx`, with the input `images`, [batch, channels, height, width], and the output `logits`.
 * - `<name>/config.pbtxt`: the platform `onnxruntime_onnx`, names, dimensions and types, and dynamic batching.
 * - `<name>/labels.txt`: a category for each logit, for Triton's classification extension, if the net has categories.
 *
 * The configuration is checked against Triton's schema by the tests. It was not run by a Triton server.
 *
 * @param net a LayersModel or Classifier, or the graph of `quantize`.
 * @param repository directory of the models, which is made if it does not exist.
 * @returns the model's directory.
 * @throws CnnzooError as `exportOnnx`; FILE if the repository has a model of this name.
 *
 * @example
 * ```ts
 * import { exportTriton } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const net = await resnet18.pretrained();
 * await exportTriton(net, 'models');   // tritonserver --model-repository models
 * ```
 */
export async function exportTriton(
  net: NetOrQuantized,
  repository: string | URL,
  options: TritonOptions = {},
): Promise<string> {
  checkOptions('exportTriton', options, ['name', 'dtype', 'maxBatchSize']);
  checkTriton(options);
  const dtype = onnxDtypeOf('exportTriton', net, options.dtype);
  const { maxBatchSize = 16 } = options;
  const root = pathOf(repository);
  return withSnapshot(net, async (graph) => {
    const { name = graph.name } = options;
    if (!isName(name))
      throw new CnnzooError('INPUT', `exportTriton: '${name}' can't be a model's directory. Give the option name.`);
    const directory = pathIn(root, name);
    await requireFree(directory);
    const { categories } = graph.facts;
    const file = onnxFile(graph, { dtype, opset: OPSET, preprocessing: false });
    const config = configText(file, name, maxBatchSize, categories !== null);
    const text = (content: string): Uint8Array[] => [new TextEncoder().encode(content)];
    const written: string[] = [];
    const write = async (path: string, chunks: Parameters<typeof writeNewFile>[1]): Promise<void> => {
      await writeNewFile(path, chunks);
      written.push(path);
    };
    try {
      await write(pathIn(pathIn(directory, VERSION), 'model.onnx'), file.chunks());
      // A line each: a label with a line break would move those after it.
      if (categories)
        await write(
          pathIn(directory, LABELS),
          text(`${categories.map((label) => label.replace(/\s+/g, ' ')).join('\n')}\n`),
        );
      // The configuration comes last: a server that looks meanwhile sees no model without its file.
      await write(pathIn(directory, 'config.pbtxt'), text(config));
    } catch (error) {
      await removeFiles(written);
      throw error;
    }
    return directory;
  });
}
