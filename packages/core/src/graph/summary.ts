import type { layers } from '@tensorflow/tfjs-layers';
import { descriptionOf, type LayerDescription, type LayerKind } from './description.js';
import { modelOf, type Net } from './net.js';
import { type Field, fieldsOf } from './receptive-field.js';
import { type NetNode, walk } from './walk.js';

/** Counts of one layer, at one of its applications. */
export interface SummaryRow {
  readonly name: string;
  readonly type: string;
  /** Height x width x channels, or features; null: known only at run time. */
  readonly output: readonly (number | null)[];
  readonly parameters: number;
  /** Multiply-adds of a convolution or linear layer for one image; null if the output's size is not known. */
  readonly multiplyAdds: number | null;
  /** Height and width of one output value's receptive field, in input pixels; null: the whole image. */
  readonly receptiveField: readonly [height: number, width: number] | null;
}

/** Counts of a net, layer by layer and as a whole. */
export interface Summary {
  readonly name: string;
  readonly rows: readonly SummaryRow[];
  /** Number of parameters. Running statistics are not counted, as in PyTorch. */
  readonly parameters: number;
  readonly multiplyAdds: number | null;
  /** Returns a table of the rows, with the totals below. */
  toString(): string;
}

const product = (shape: readonly (number | null)[]): number | null =>
  shape.reduce<number | null>((total, n) => (total === null || n === null ? null : total * n), 1);

/** Counts one multiply-add for each weight of a kernel at each place. Kernels have rank 2 and more. */
function multiplyAddsOf({ layer, inputs, shape }: NetNode, { kind, channelAxis }: LayerDescription): number | null {
  const kernels = layer.weights.filter((weight) => weight.shape.length > 1);
  if (kind === 'unknown') return layer.weights.length > 0 ? null : 0;
  if (!MULTIPLYING.has(kind)) return 0;
  // A transposed convolution applies its kernel at each value of its input.
  const map = (kind === 'conv-transpose' ? inputs[0]! : { shape }).shape;
  const places = product(channelAxis === 1 ? map.slice(2) : map.slice(1, -1));
  return places === null ? null : kernels.reduce((total, kernel) => total + places * product(kernel.shape)!, 0);
}

const MULTIPLYING: ReadonlySet<LayerKind> = new Set(['conv', 'conv-transpose', 'linear']);

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((total, n) => (total === null || n === null ? null : total + n), 0);

const isStatistic = (name: string): boolean => /\/(running_mean|running_var|moving_mean|moving_variance)$/.test(name);

const parametersOf = (layer: layers.Layer): number =>
  layer.weights
    .filter(({ originalName }) => !isStatistic(originalName))
    .reduce((total, { shape }) => total + (product(shape) ?? 0), 0);

function row(node: NetNode, field: Field, isFirst: boolean): SummaryRow {
  const description = descriptionOf(node.layer);
  return {
    name: node.path,
    type: description.type,
    output: node.shape.slice(1),
    parameters: isFirst ? parametersOf(node.layer) : 0,
    multiplyAdds: multiplyAddsOf(node, description),
    receptiveField: field === 'all' ? null : field.size,
  };
}

const count = (n: number | null): string => (n === null ? '?' : n.toLocaleString('en-US'));
const extents = (shape: readonly (number | null)[]): string => shape.map((n) => n ?? '?').join(' x ');

/** Returns a count in units of 1e9, or of 1e6 below 1e8. */
function inUnits(n: number | null): string {
  if (n === null) return '?';
  return n >= 1e8 ? `${(n / 1e9).toFixed(3)} G` : `${(n / 1e6).toFixed(3)} M`;
}

function table({ name, rows, parameters, multiplyAdds }: Omit<Summary, 'toString'>): string {
  const heads = ['layer', 'type', 'output', 'parameters', 'multiply-adds', 'receptive field'];
  const cells = rows.map((r) => [
    r.name,
    r.type,
    extents(r.output),
    r.parameters ? count(r.parameters) : '',
    r.multiplyAdds === 0 ? '' : count(r.multiplyAdds),
    r.receptiveField ? extents(r.receptiveField) : 'all',
  ]);
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((line) => line[i]!.length)));
  const print = (line: string[]) =>
    line
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((total, width) => total + width + 2, -2));
  return [
    name,
    print(heads),
    rule,
    ...cells.map(print),
    rule,
    `${count(parameters)} parameters, ${inUnits(multiplyAdds)} multiply-adds an image`,
  ].join('\n');
}

/**
 * Lists shapes, parameters, multiply-adds and receptive fields, layer by layer, from input to output.
 *
 * @example
 * ```ts
 * import { load, summary } from '@cnnzoo/core';
 *
 * const net = await load('my-net');
 * console.log(`${summary(net)}`);
 * ```
 */
export function summary(net: Net): Summary {
  const model = modelOf(net);
  const { nodes } = walk(model);
  const fields = fieldsOf(nodes);
  const seen = new Set<layers.Layer>();
  const firstOutputs = nodes.filter(({ tensor }) => (tensor.outputTensorIndex ?? 0) === 0);
  const rows = firstOutputs.map((node) => {
    const isFirst = !seen.has(node.layer);
    seen.add(node.layer);
    return row(node, fields.get(node)!, isFirst);
  });
  const content = {
    name: model.name,
    rows,
    parameters: rows.reduce((total, r) => total + r.parameters, 0),
    multiplyAdds: sum(rows.map((r) => r.multiplyAdds)),
  };
  return { ...content, toString: () => table(content) };
}
