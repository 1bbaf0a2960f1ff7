import { type GraphNode, isIntegerNode, type QuantizedGraph } from '../graph/index.js';
import type { Agreement, LayerError } from './evaluate.js';
import { isWeighted } from './plan.js';

/** Layer that is computed in float32, and why. */
export interface FloatLayer {
  readonly name: string;
  readonly reason: string;
}

/** Result of a quantization, measured against float32. Plain data; its text is a summary of some lines. */
export interface QuantizeReport extends Agreement {
  /** Set that was measured: the calibration images, or those of the option `test`. */
  readonly measuredOn: 'calibration' | 'test';
  /** Number of images that the ranges of the values come from. */
  readonly calibrationImages: number;
  /** Nodes that are computed in 8 bits, in the graph's order, each with the errors of all nodes before it. */
  readonly layers: readonly LayerError[];
  /** Nodes that are computed in float32. */
  readonly inFloat: readonly FloatLayer[];
  /** Bytes of all weights, with their scales. */
  readonly bytes: { readonly float32: number; readonly int8: number };
  readonly warnings: readonly string[];
  /** Returns a summary of some lines. */
  toString(): string;
}

/** Calibration images below which ranges depend on chance. */
const FEW_IMAGES = 32;

/** Agreement below which the net in 8 bits is another one. */
const LOW_AGREEMENT = 0.95;

/** Signal to noise in dB below which a layer is named in the summary. */
const LOW_SQNR = 10;

/** Layers that the summary names. */
const WORST = 5;

/** Returns the bytes of the weights in float32 and in 8 bits. */
export function bytesOf({ nodes, quantization }: QuantizedGraph): QuantizeReport['bytes'] {
  const seen = new Set<unknown>();
  const bytes = { float32: 0, int8: 0 };
  for (const node of nodes) {
    const own = node as Partial<Record<'weight' | 'bias' | 'scale' | 'shift', { name: string; shape: number[] }>>;
    for (const weight of [own.weight, own.bias, own.scale, own.shift]) {
      if (!weight || typeof weight !== 'object' || seen.has(weight)) continue;
      seen.add(weight);
      const count = weight.shape.reduce((product, extent) => product * extent, 1);
      const scales = quantization.weights.get(weight.name);
      bytes.float32 += 4 * count;
      bytes.int8 += scales ? count + 4 * scales.length : 4 * count;
    }
  }
  return bytes;
}

const OPERATIONS: Partial<Record<GraphNode['op'], string>> = {
  conv: 'convolution',
  linear: 'linear layer',
};

/** Returns the nodes in float32, and why each is. */
export function floatLayers(graph: QuantizedGraph, reasons: ReadonlyMap<string, string>): FloatLayer[] {
  return graph.nodes
    .filter((node) => !isIntegerNode(node, graph))
    .map((node) => ({ name: node.name, reason: reasons.get(node.name) ?? reasonOf(node) }));
}

function reasonOf(node: GraphNode): string {
  if (isWeighted(node)) return `the ${OPERATIONS[node.op]} has an input in float32`;
  const name = node.op === 'activation' ? node.activation.kind : node.op;
  return node.op === 'pool' || node.op === 'global-pool' || node.op === 'concat' || node.op === 'flatten'
    ? 'between values in float32, or gives the output'
    : `${name} is computed in float32`;
}

const percent = (part: number): string => `${(100 * part).toFixed(2)} %`;

const decibels = (sqnr: number): string => (Number.isFinite(sqnr) ? `${sqnr.toFixed(1)} dB` : 'exact');

function warningsOf(report: Omit<QuantizeReport, 'warnings'>): string[] {
  const { calibrationImages, measuredOn, agreement, layers } = report;
  const warnings: string[] = [];
  if (calibrationImages < FEW_IMAGES)
    warnings.push(
      `The ranges come from ${calibrationImages} images. Give 100 or more, of all kinds that the net will see.`,
    );
  if (measuredOn === 'calibration')
    warnings.push('Measured on the calibration images. For other images give the option test.');
  if (agreement < LOW_AGREEMENT)
    warnings.push(
      `Only ${percent(agreement)} of the images have the class of float32. Leave the worst layers in float32, by keepFloat.`,
    );
  const dead = layers.filter(({ sqnr }) => sqnr < LOW_SQNR);
  if (dead.length > 0)
    warnings.push(`Signal to noise below ${LOW_SQNR} dB: ${dead.map(({ name }) => name).join(', ')}.`);
  return warnings;
}

function textOf(report: QuantizeReport): string {
  const { images, measuredOn, agreement, accuracy, layers, inFloat, bytes, warnings } = report;
  const worst = layers.toSorted((a, b) => a.sqnr - b.sqnr).slice(0, WORST);
  const width = Math.max(0, ...worst.map(({ name }) => name.length));
  const lines = [
    `${percent(agreement)} of ${images} ${measuredOn} images have the class of float32`,
    ...(accuracy ? [`accuracy ${percent(accuracy.int8)}, in float32 ${percent(accuracy.float32)}`] : []),
    `${bytes.int8.toLocaleString('en')} bytes of weights, in float32 ${bytes.float32.toLocaleString('en')}`,
    `${layers.length} nodes in 8 bits, ${inFloat.length} in float32`,
    ...inFloat.map(({ name, reason }) => `  ${name}: ${reason}`),
    'largest errors, as signal to noise:',
    ...worst.map(({ name, sqnr, bias }) => `  ${name.padEnd(width)}  ${decibels(sqnr)}, mean error ${percent(bias)}`),
    ...warnings.map((warning) => `Warning: ${warning}`),
  ];
  return lines.join('\n');
}

/** Makes a report of what was measured. */
export function reportOf(measured: Omit<QuantizeReport, 'warnings' | 'toString'>): QuantizeReport {
  const report: QuantizeReport = { ...measured, warnings: warningsOf(measured), toString: () => textOf(report) };
  return report;
}
