import type { LayersModel } from '@tensorflow/tfjs-layers';
import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { descriptionOf, type LayerKind } from './description.js';
import { noteOf } from './head.js';
import { modelOf, type Net } from './net.js';
import { netModel } from './net-model.js';
import { requireOneCopy } from './one-copy.js';
import { fieldsOf } from './receptive-field.js';
import { outputsAt } from './taps.js';
import { type NetGraph, type NetNode, walk } from './walk.js';

/** One resolution of a net. */
export interface PyramidLevel {
  /** Path of the layer whose output the level is. */
  readonly name: string;
  /** Input pixels between neighbouring values. */
  readonly stride: readonly [height: number, width: number];
  readonly channels: number;
}

/** Net with one output map for each resolution, finest first. Every function that takes a net takes it too. */
export interface FeaturePyramid {
  /** Images [n, h, w, c] -> maps [n, h / stride, w / stride, channels], one per level. Shares the net's weights. */
  readonly model: LayersModel;
  readonly levels: readonly PyramidLevel[];
}

/** Kinds of layers whose output is not a level: they compute no features. */
const ASIDE: ReadonlySet<LayerKind> = new Set(['adaptive-avg-pool', 'dropout', 'input', 'noise', 'permute']);

/**
 * Returns the last activation of each stride before the head, at the end of a stage and not inside one of its blocks.
 * Detection and segmentation heads are built on these maps (Lin et al., https://arxiv.org/abs/1612.03144, section 3).
 *
 * @example
 * ```ts
 * import { featurePyramid, load } from '@cnnzoo/core';
 *
 * const { model, levels } = featurePyramid(await load('my-net'));
 * const strides = levels.map(({ stride }) => stride); // of a ResNet: 2, 4, 8, 16, 32 pixels
 * ```
 */
export function featurePyramid(net: Net): FeaturePyramid {
  const model = modelOf(net);
  const graph = walk(model);
  const fields = fieldsOf(graph.nodes);
  const levels = new Map<string, PyramidLevel>();
  for (const node of trunkOf(nodesBelowHead(model, graph))) {
    const field = fields.get(node)!;
    if (field === 'all' || node.shape.length !== 4 || ASIDE.has(descriptionOf(node.layer).kind)) continue;
    // Nodes come in order, so the last one of a stride stays.
    levels.set(field.stride.join(), { name: node.path, stride: field.stride, channels: node.shape[3]! });
  }
  if (levels.size === 0)
    throw new CnnzooError(
      'INPUT',
      `featurePyramid: the net '${model.name}' has no maps [n, h, w, c]: expected a convolutional net.`,
    );
  requireOneCopy(model);
  const found = Array.from(levels.values(), ({ name }) => name);
  return {
    model: netModel({ inputs: model.inputs, outputs: outputsAt(model, found) }),
    levels: [...levels.values()],
  };
}

/** Returns the nodes on every path from input to output: none inside a block with several paths. */
function trunkOf(nodes: readonly NetNode[]): NetNode[] {
  const place = new Map(nodes.map((node, i) => [node, i]));
  // Place of the last node that reads each.
  const lastUse = nodes.map((_, i) => i);
  for (const [i, { inputs }] of nodes.entries())
    for (const input of inputs) lastUse[place.get(input)!] = Math.max(lastUse[place.get(input)!]!, i);
  let open = 0;
  return nodes.filter((_, i) => {
    const isTrunk = open <= i;
    open = Math.max(open, lastUse[i]!);
    return isTrunk;
  });
}

/** Returns the nodes that the head's input is computed from, in order. Auxiliary heads are not among them. */
function nodesBelowHead(model: LayersModel, { nodes, outputs }: NetGraph): NetNode[] {
  const head = noteOf(model)?.head;
  const first = nodes.find(({ path }) => head !== undefined && isUnder(head, path));
  const ends = first ? first.inputs : outputs.slice(0, 1);
  const used = new Set<NetNode>();
  const visit = (node: NetNode): void => {
    if (used.has(node)) return;
    used.add(node);
    node.inputs.forEach(visit);
  };
  ends.forEach(visit);
  return nodes.filter((node) => used.has(node));
}
