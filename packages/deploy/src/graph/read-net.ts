import { CnnzooError } from '@cnnzoo/core';
import { type NetNode, walk } from '@cnnzoo/core/internal';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { Builder, type Layer, type Reader, unsupported } from './builder.js';
import { type Draft, fuse } from './fuse.js';
import type { GraphValue } from './graph.js';
import { OWN_LAYERS } from './own-layers.js';
import { STOCK_LAYERS } from './stock-layers.js';
import type { WeightSource } from './weights.js';

/** Returns the reader of a layer's class. A subclass may compute something else. */
function readerOf({ node: { layer } }: Layer): Reader | undefined {
  if (!Object.hasOwn(layer.constructor, 'className')) return undefined;
  const name = layer.getClassName();
  return Object.hasOwn(OWN_LAYERS, name)
    ? OWN_LAYERS[name]
    : Object.hasOwn(STOCK_LAYERS, name)
      ? STOCK_LAYERS[name]
      : undefined;
}

/**
 * Reads a net of core's layers or tf.layers', nested models included, layer by layer, and fuses its nodes.
 *
 * @throws CnnzooError INPUT for a layer that no graph has, which it names.
 */
export function readNet(model: LayersModel, source: WeightSource): Draft {
  const builder = new Builder(source);
  const values = new Map<NetNode, GraphValue>();
  const inputs = new Map<unknown, GraphValue>();
  const { nodes, outputs } = walk(model);
  for (const node of nodes) {
    const { layer, path, shape, tensor } = node;
    if (node.inputs.length === 0) {
      const value = builder.value(path, shape);
      values.set(node, value);
      inputs.set(tensor, value);
      continue;
    }
    if ((tensor.outputTensorIndex ?? 0) > 0 || (layer.inboundNodes[0]?.outputTensors.length ?? 1) > 1)
      throw new CnnzooError('INPUT', `inferenceGraph: layer '${path}' has several outputs, where a graph's have one.`);
    const read: Layer = {
      node,
      inputs: node.inputs.map((input) => values.get(input)!),
      builder,
      config: layer.getConfig(),
    };
    const reader = readerOf(read);
    if (!reader) throw unsupported(read, 'is of a class that no graph has');
    values.set(node, reader(read));
  }
  const unread = model.inputs.find((input) => !inputs.has(input));
  if (unread)
    throw new CnnzooError(
      'INPUT',
      `inferenceGraph: no output of '${model.name}' depends on its input '${unread.name}'.`,
    );
  return fuse({
    inputs: model.inputs.map((input) => inputs.get(input)!),
    outputs: outputs.map((node) => values.get(node)!),
    nodes: builder.nodes,
    anySize: builder.anySize,
    norms: builder.norms,
  });
}
