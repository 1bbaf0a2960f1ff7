import { CnnzooError, type Net } from '@cnnzoo/core';
import type { InferenceGraph, QuantizedGraph } from '../graph/index.js';
import { isQuantized } from '../graph/index.js';
import { withSnapshot } from '../snapshot.js';
import { calibrate } from './calibrate.js';
import type { MakeEngine } from './engine.js';
import { equalized } from './equalize.js';
import { agreementOf, classify, layerErrors, type Measuring } from './evaluate.js';
import { holdWeights } from './held-graph.js';
import { ImageSource, type QuantizeImages } from './images.js';
import { type QuantizeOptions, type Settings, settingsOf } from './options.js';
import { isWeighted, planOf } from './plan.js';
import { quantizedGraph } from './quantized-graph.js';
import { bytesOf, floatLayers, type QuantizeReport, reportOf } from './report.js';
import { searchFloat } from './search.js';

/** Result of `quantize`. */
export interface Quantized {
  /** Inference of the net in 8 bits. Its weights are arrays of its own: nothing has to be disposed of. */
  readonly graph: QuantizedGraph;
  /** Comparison with float32. */
  readonly report: QuantizeReport;
}

/** Computes a graph by the engine of kernels, which is loaded with the first call. */
const kernels: MakeEngine = async (graph, observe) => {
  const { KernelsEngine } = await import('../kernels/index.js');
  return KernelsEngine.create(graph, { observe });
};

const ASKED = 'was asked for';
const SEARCHED = 'found by the search';

function requireLayers(graph: InferenceGraph, keepFloat: readonly string[]): void {
  const layers = graph.nodes.filter(isWeighted).map(({ name }) => name);
  if (graph.inputs.length !== 1)
    throw new CnnzooError(
      'INPUT',
      `quantize: '${graph.name}' has ${graph.inputs.length} inputs (${graph.inputs.map(({ name }) => name).join(', ')}), expected one, of images.`,
    );
  const unknown = keepFloat.find((name) => !layers.includes(name));
  if (unknown !== undefined)
    throw new CnnzooError(
      'INPUT',
      `quantize: keepFloat names '${unknown}', which is no convolution or linear layer of '${graph.name}'. Expected: ${layers.join(', ')}.`,
    );
  if (layers.every((name) => keepFloat.includes(name)))
    throw new CnnzooError(
      'INPUT',
      layers.length === 0
        ? `quantize: '${graph.name}' has no convolution or linear layer, and so nothing to quantize.`
        : `quantize: keepFloat leaves all layers of '${graph.name}' in float32. Leave one out.`,
    );
}

function requireLabels(labels: readonly number[], images: number, classes: number): void {
  if (labels.length !== images)
    throw new CnnzooError(
      'INPUT',
      `quantize: expected a label for each of the ${images} measured images, received ${labels.length}.`,
    );
  const beyond = labels.find((label) => label >= classes);
  if (beyond !== undefined)
    throw new CnnzooError('INPUT', `quantize: expected labels from 0 to ${classes - 1}, received ${beyond}.`);
}

/** Quantizes a graph whose weights are held. */
async function quantizeHeld(
  held: InferenceGraph,
  images: QuantizeImages,
  test: QuantizeImages | undefined,
  settings: Settings,
  make: MakeEngine,
): Promise<Quantized> {
  const { signal, labels, report: tell } = settings;
  requireLayers(held, settings.keepFloat);
  const source = await ImageSource.of(images, held, 'images');
  const measured = test === undefined ? source : await ImageSource.of(test, held, 'test');
  if (labels) requireLabels(labels, measured.count, held.outputs[0]!.shape.at(-1)!);
  const graph = settings.equalize ? equalized(held) : held;
  const whole = planOf(graph, new Map());
  const needs = { histogram: settings.calibration !== 'min-max', means: settings.correctBias };
  const statistics = await calibrate(graph, whole, source, needs, make, {
    signal,
    done: (done) => tell({ work: 'calibrating', done, total: source.count }),
  });
  const asked = settings.keepFloat.map((name) => [name, ASKED] as const);
  const planFor = (searched: readonly string[]) =>
    planOf(graph, new Map([...searched.map((name) => [name, SEARCHED] as const), ...asked]));
  const make8 = (searched: readonly string[]): QuantizedGraph =>
    quantizedGraph(graph, planFor(searched), statistics, settings);
  const measuring: Measuring = { source: measured, labels, make, signal };
  const total = 2 * measured.count;
  const float32 = await classify(graph, measuring, (done) => tell({ work: 'measuring', done, total }));
  const searched =
    settings.agreement === undefined
      ? []
      : await searchFloat(graph, whole.weighted, settings.agreement, float32, make8, measuring, (done, steps) =>
          tell({ work: 'searching', done, total: steps }),
        );
  const quantized = make8(searched);
  const int8 = await classify(quantized, measuring, (done) =>
    tell({ work: 'measuring', done: measured.count + done, total }),
  );
  const report = reportOf({
    ...agreementOf(float32, int8, labels),
    measuredOn: test === undefined ? 'calibration' : 'test',
    calibrationImages: source.count,
    layers: await layerErrors(graph, quantized, measuring),
    inFloat: floatLayers(quantized, planFor(searched).inFloat),
    bytes: bytesOf(quantized),
  });
  return { graph: quantized, report };
}

/** Quantizes a net, and computes it by engines of a kind. */
export async function quantizeBy(
  make: MakeEngine,
  net: Net,
  images: QuantizeImages,
  options: QuantizeOptions,
): Promise<Quantized> {
  const settings = settingsOf(options);
  if (isQuantized(net))
    throw new CnnzooError('INPUT', 'quantize: received a graph that is quantized already. Give the net itself.');
  // The weights are read before the first await.
  const held = await withSnapshot(net, holdWeights);
  return quantizeHeld(held, images, options.test, settings, make);
}

/**
 * Quantizes a net to 8 bits after its training. The images, some hundred typical ones, show which values its layers have; nothing is learnt.
 * Convolutions and linear layers are then computed with integers: a quarter of the size.
 *
 * - Weights are int8, with a scale for each output channel.
 * - Values between layers are uint8, with a scale and a zero point for each value. Images and logits stay float32.
 * - BatchNorm is folded into the layer before it first. Layers that have no form in integers (sigmoid, local response normalization, …) are
 *   computed in float32 between the others.
 *
 * @param net a LayersModel or Classifier of one input. It stays as it is; the result has its weights of the moment of the call.
 * @param images for the calibration, at least 2: a list of images for a Classifier, or preprocessed ones as a Tensor4D [images, height, width,
 * channels], as `{ values, shape }`, or as a list of such batches. They are the caller's; but for tensors, leave them as they are until the result is there.
 * @returns the graph in 8 bits, which `exportOnnx`, `exportTriton` and `createSession` take in place of a net, and a report.
 * @throws CnnzooError INPUT for too few images, a value that is not finite, an unknown option or layer, a net of several inputs or without a
 * convolution or linear layer; SHAPE for images that the net does not take; IMAGE for one that can't be read; TRAINING in the middle of a
 * training step; ABORTED by the signal.
 *
 * @example
 * ```ts
 * import { exportOnnx, quantize } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * const net = await resnet18.pretrained();
 * const { graph, report } = await quantize(net, ['cat.jpg', 'dog.jpg', 'horse.jpg']);
 * console.log(String(report));
 * await exportOnnx(graph, 'resnet18-int8.onnx');
 * ```
 */
export const quantize = (net: Net, images: QuantizeImages, options: QuantizeOptions = {}): Promise<Quantized> =>
  quantizeBy(kernels, net, images, options);
