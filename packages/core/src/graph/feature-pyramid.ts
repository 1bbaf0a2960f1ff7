import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { noteOf } from './head.js';
import { modelOf, type Net } from './net.js';
import { netModel } from './net-model.js';
import { fieldsOf } from './receptive-field.js';

/** One resolution of a net. */
export interface PyramidLevel {
  /** The layer whose output it is. */
  readonly name: string;
  /** Input pixels between neighbouring values. */
  readonly stride: readonly [height: number, width: number];
  readonly channels: number;
}

/** A net that gives a map for each resolution, finest first; takes the place of a net wherever one is asked for. */
export interface FeaturePyramid {
  /** Images [n, h, w, c] -> maps [n, h / stride, w / stride, channels], one for each level. On the weights of the net. */
  readonly model: LayersModel;
  readonly levels: readonly PyramidLevel[];
}

/** Layers whose output is no map that the net computed. */
const isAside = (layer: layers.Layer): boolean => /Dropout|Adaptive|InputLayer|Permute/.test(layer.getClassName());

/**
 * The last activation of each stride below the head, at the end of a stage and not inside one of its blocks: what detection and segmentation heads are built on (Lin et al.,
 * https://arxiv.org/abs/1612.03144, section 3).
 */
export function featurePyramid(net: Net): FeaturePyramid {
  const model = modelOf(net);
  const fields = fieldsOf(model);
  const levels = new Map<string, { level: PyramidLevel; output: SymbolicTensor }>();
  for (const layer of trunkOf(model)) {
    const [field, output] = [fields.get(layer.name)!, layer.output as SymbolicTensor];
    if (field === 'all' || output.shape.length !== 4 || isAside(layer)) continue;
    const level = { name: layer.name, stride: field.stride, channels: output.shape[3]! };
    // Layers come in order, so the last one stays.
    levels.set(field.stride.join(), { level, output });
  }
  if (levels.size === 0)
    throw new CnnzooError(
      'INPUT',
      `featurePyramid: the net '${model.name}' has no maps [n, h, w, c]: expected a convolutional net.`,
    );
  const found = [...levels.values()];
  return {
    model: netModel({ inputs: model.inputs, outputs: found.map(({ output }) => output) }),
    levels: found.map(({ level }) => level),
  };
}

const sourcesOf = (layer: layers.Layer): layers.Layer[] =>
  (layer.inboundNodes[0]?.inputTensors ?? []).map(({ sourceLayer }) => sourceLayer);

/** The layers below the head that all others below it lead to or come from: none inside a block with several paths. */
function trunkOf(model: LayersModel): layers.Layer[] {
  const below = layersBelowHead(model);
  const place = new Map(below.map((layer, i) => [layer, i]));
  // Until where the output of each is read.
  const lastUse = below.map((_, i) => i);
  for (const [i, layer] of below.entries())
    for (const source of sourcesOf(layer)) lastUse[place.get(source)!] = Math.max(lastUse[place.get(source)!]!, i);
  let open = 0;
  return below.filter((_, i) => {
    const isTrunk = open <= i;
    open = Math.max(open, lastUse[i]!);
    return isTrunk;
  });
}

/** What the logits are computed from up to the head, without auxiliary heads; in the order of computation. */
function layersBelowHead(model: LayersModel): layers.Layer[] {
  const head = noteOf(model)?.head;
  const first = model.layers.find(({ name }) => head !== undefined && isUnder(head, name));
  const used = new Set<layers.Layer>();
  const visit = (layer: layers.Layer): void => {
    if (used.has(layer)) return;
    used.add(layer);
    sourcesOf(layer).forEach(visit);
  };
  if (first) sourcesOf(first).forEach(visit);
  else visit(model.outputs[0]!.sourceLayer);
  return model.layers.filter((layer) => used.has(layer));
}
