import { visible } from '@cnnzoo/core/internal/text';
import { type GraphNode, type GraphValue, hasRelu, operationOf } from '../graph/index.js';
import type { Tint } from './style.js';

/** One line of a box. */
interface Line {
  readonly text: string;
  readonly size: number;
  readonly classes: string;
}

/** A box of the drawing: a node, an input or an output of the graph. */
export interface Box {
  readonly tint: Tint;
  readonly lines: readonly Line[];
  /** Operations that are computed with the node: 'bias, ReLU'. Empty if there are none. */
  readonly fused: string;
  /** Shape of the value that leaves the box, without the number of images. undefined for an output. */
  readonly shape: string | undefined;
  /** Full name, for a reader who points at the box. */
  readonly title: string;
  readonly width: number;
  /** Height in pixels, without the line below it that has the shape. */
  readonly height: number;
}

const [LARGE, SMALL] = [13, 11];
const LONGEST = 44;
const PADDING = 12;

/** Height of the strip that names the fused operations. */
export const STRIP = 18;

/** Returns an upper bound of the width of a sans-serif text, since the reader's font is not known. */
export const textWidth = (text: string, size: number): number => [...text].length * size * 0.6;

/** Shortens a text in its middle, so that a layer's path keeps its end. */
function clipped(text: string): string {
  const characters = [...visible(text)];
  if (characters.length <= LONGEST) return characters.join('');
  return [...characters.slice(0, 14), '…', ...characters.slice(15 - LONGEST)].join('');
}

const TINTS: Readonly<Record<GraphNode['op'], Tint>> = {
  activation: 'activation',
  'adaptive-pool': 'pool',
  binary: 'join',
  concat: 'join',
  conv: 'conv',
  flatten: 'reshape',
  'global-pool': 'pool',
  'group-norm': 'norm',
  linear: 'linear',
  'local-response-norm': 'norm',
  pad: 'reshape',
  pool: 'pool',
  reshape: 'reshape',
  scale: 'norm',
  transpose: 'reshape',
  upsample: 'reshape',
};

const extents = ({ shape }: GraphValue): string =>
  shape
    .slice(1)
    .map((extent) => extent ?? '?')
    .join(' x ');

function box(parts: Omit<Box, 'width' | 'height'>): Box {
  const widths = [
    ...parts.lines.map(({ text, size }) => textWidth(text, size)),
    textWidth(parts.fused, SMALL),
    parts.shape === undefined ? 0 : 2 * (textWidth(parts.shape, SMALL) + 8) - 2 * PADDING,
  ];
  const strip = parts.fused === '' ? 0 : STRIP;
  return {
    ...parts,
    width: Math.max(80, ...widths) + 2 * PADDING,
    height: parts.lines.reduce((sum, { size }) => sum + size + 4, 8) + strip,
  };
}

const line = (text: string, size: number, classes: string): Line => ({ text: clipped(text), size, classes });

/** Returns the box of a node: its operation, its settings, its name, and what is fused into it. */
export function boxOf(node: GraphNode): Box {
  const [operation, ...settings] = operationOf(node);
  const bias = 'bias' in node && node.op !== 'group-norm' && node.bias !== undefined;
  return box({
    tint: TINTS[node.op],
    lines: [
      line(operation, LARGE, 'strong'),
      ...(settings.length > 0 ? [line(settings.join(', '), SMALL, '')] : []),
      line(node.name, SMALL, 'faint'),
    ],
    fused: [...(bias ? ['bias'] : []), ...(hasRelu(node) ? ['ReLU'] : [])].join(', '),
    shape: extents(node.output),
    title: visible(node.name),
  });
}

/** Returns the box of an input of the graph. */
export const inputBox = (value: GraphValue): Box =>
  box({
    tint: 'end',
    lines: [line('input', LARGE, 'strong'), line(value.name, SMALL, 'faint')],
    fused: '',
    shape: extents(value),
    title: visible(value.name),
  });

/** Returns the box of an output of the graph. */
export const outputBox = (value: GraphValue, index: number): Box =>
  box({
    tint: 'end',
    lines: [line(index === 0 ? 'logits' : `output ${index}`, LARGE, 'strong')],
    fused: '',
    shape: undefined,
    title: visible(value.name),
  });
