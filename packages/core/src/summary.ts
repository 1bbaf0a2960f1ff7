import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { modelOf, type Net } from './net.js';

export interface SummaryRow {
  readonly name: string;
  readonly type: string;
  /** Height x width x channels, or features; null: known only at run time. */
  readonly output: readonly (number | null)[];
  readonly parameters: number;
  /** Of one image: a convolution's or linear layer's; null where the output's size is not known. */
  readonly multiplyAdds: number | null;
  /** Height and width in input pixels of what one output value sees; null: the whole image. */
  readonly receptiveField: readonly [height: number, width: number] | null;
}

export interface Summary {
  readonly name: string;
  readonly rows: readonly SummaryRow[];
  /** Weights that a checkpoint's size is made of: running statistics are not counted, as in PyTorch. */
  readonly parameters: number;
  readonly multiplyAdds: number | null;
  /** A table for people. */
  toString(): string;
}

type AnyLayer = layers.Layer | LayersModel;

/** Window, stride along one axis; how a layer's field grows from its input's. */
interface Window {
  readonly size: readonly [number, number];
  readonly stride: readonly [number, number];
}

interface Field {
  readonly size: readonly [number, number];
  /** Input pixels between neighbouring outputs. */
  readonly jump: readonly [number, number];
}

const both = (value: unknown): readonly [number, number] =>
  (Array.isArray(value) ? value : [value, value]) as [number, number];

function windowOf(layer: AnyLayer): Window | undefined {
  if (!/Conv2d|Conv2D|Pool2d|Pooling2D/.test(layer.getClassName())) return undefined;
  const config = layer.getConfig();
  const size = config.kernelSize ?? config.poolSize;
  if (size === undefined) return undefined;
  const stride = both(config.stride ?? config.strides);
  const dilation = both(config.dilationRate ?? 1);
  const kernel = both(size);
  return { size: [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1], stride };
}

/** Past these the whole image is seen. */
const seesAll = (layer: AnyLayer): boolean => /Global|Flatten|Linear|Dense|Reshape/.test(layer.getClassName());

const inputsOf = (layer: AnyLayer): SymbolicTensor[] => layer.inboundNodes[0]?.inputTensors ?? [];

const grow = ({ size, jump }: Field, window: Window): Field => ({
  size: [size[0] + (window.size[0] - 1) * jump[0], size[1] + (window.size[1] - 1) * jump[1]],
  jump: [jump[0] * window.stride[0], jump[1] * window.stride[1]],
});

function fieldOf(layer: AnyLayer, fields: ReadonlyMap<string, Field | null>): Field | null {
  const inputs = inputsOf(layer).map(({ sourceLayer }) => fields.get(sourceLayer.name));
  if (seesAll(layer) || inputs.includes(null)) return null;
  const known = inputs.filter((field): field is Field => field !== undefined && field !== null);
  // The input layer counts itself as its source.
  if (known.length === 0) return { size: [1, 1], jump: [1, 1] };
  const widest = known.reduce((a, b) => (b.size[0] * b.size[1] > a.size[0] * a.size[1] ? b : a));
  const window = windowOf(layer);
  return window ? grow(widest, window) : widest;
}

const product = (shape: readonly (number | null)[]): number | null =>
  shape.reduce<number | null>((total, n) => (total === null || n === null ? null : total * n), 1);

/** A kernel is applied once per output position; only kernels have rank 2 and more. */
function multiplyAddsOf(layer: AnyLayer): number | null {
  if ('layers' in layer) return sum(layer.layers.map(multiplyAddsOf));
  const kernel = layer.weights.find(({ shape }) => shape.length > 1);
  if (!kernel) return 0;
  const positions = product((layer.output as SymbolicTensor).shape.slice(1, -1));
  return positions === null ? null : positions * (product(kernel.shape) ?? 0);
}

const sum = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((total, n) => (total === null || n === null ? null : total + n), 0);

const isStatistic = (name: string): boolean => /\/(running_mean|running_var|moving_mean|moving_variance)$/.test(name);

const parametersOf = (layer: AnyLayer): number =>
  layer.weights
    .filter(({ originalName }) => !isStatistic(originalName))
    .reduce((total, { shape }) => total + (product(shape) ?? 0), 0);

/** The kind of layer as people call it: an activation by its function. */
function typeOf(layer: AnyLayer): string {
  const { activation } = layer.getConfig();
  const type = layer.getClassName().replace(/^cnnzoo\./, '');
  return type === 'Activation' ? String(activation) : type;
}

function row(layer: AnyLayer, field: Field | null): SummaryRow {
  const { shape } = [layer.output].flat()[0]!;
  return {
    name: layer.name,
    type: typeOf(layer),
    output: shape.slice(1),
    parameters: parametersOf(layer),
    multiplyAdds: multiplyAddsOf(layer),
    receptiveField: field?.size ?? null,
  };
}

const count = (n: number | null): string => (n === null ? '?' : n.toLocaleString('en-US'));
const extents = (shape: readonly (number | null)[]): string => shape.map((n) => n ?? '?').join(' x ');

/** Thousands of millions, as the field counts them, or millions where there are few. */
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

/** Shapes, parameters, multiply-adds and receptive fields, layer by layer, from input to output. */
export function summary(net: Net): Summary {
  const model = modelOf(net);
  const fields = new Map<string, Field | null>();
  const rows: SummaryRow[] = [];
  for (const layer of model.layers) {
    const field = fieldOf(layer, fields);
    fields.set(layer.name, field);
    rows.push(row(layer, field));
  }
  const content = {
    name: model.name,
    rows,
    parameters: rows.reduce((total, r) => total + r.parameters, 0),
    multiplyAdds: sum(rows.map((r) => r.multiplyAdds)),
  };
  return { ...content, toString: () => table(content) };
}
