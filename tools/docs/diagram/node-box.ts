/** Drawing of one node: its text, its path in small type, and a strip for each layer that is part of it. */
import { escaped, px, text, textWidth } from '../svg.js';
import type { GraphNode } from './node.js';

/** Distance between nodes of a chain. The shape of the value that passes is written there. */
export const NODE_GAP = 34;
const [TEXT, SMALL] = [13, 10.5] as const;
const [PADDING, STRIP] = [12, 17] as const;

/** Writes a shape, such as 56 x 56 x 64. */
export const extents = (shape: readonly (number | null)[]): string => shape.map((n) => n ?? '?').join(' x ');

const headline = ({ text: own, times, kind, path }: GraphNode): string => {
  if (kind === 'group') return /^\d/.test(path) ? `block ${path}` : path;
  return times > 1 ? `${times} x (${own})` : own;
};

function footline({ kind, text: own, path }: GraphNode): string {
  if (kind === 'input') return '';
  return kind === 'group' ? own : path;
}

const bodyHeight = (node: GraphNode): number => (footline(node) ? 38 : 26);

export function nodeSize(node: GraphNode): { readonly width: number; readonly height: number } {
  const widths = [
    textWidth(headline(node), TEXT),
    textWidth(footline(node), SMALL),
    ...node.after.map((each) => textWidth(each.text, SMALL)),
  ];
  return { width: Math.max(96, ...widths) + 2 * PADDING, height: bodyHeight(node) + STRIP * node.after.length };
}

const OUTPUT_OFFSET = 7;

/** Returns the width of the output's shape, to the right of the axis. */
export const outputWidth = ({ output }: GraphNode): number => OUTPUT_OFFSET + textWidth(extents(output), SMALL) + 4;

/** Draws a node with the middle of its upper edge at (x, y). */
export function drawNode(node: GraphNode, x: number, y: number, id: string): string[] {
  const { width, height } = nodeSize(node);
  const body = bodyHeight(node);
  const box = `x="${px(x - width / 2)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="6"`;
  const strips = node.after.map((each, i) => ({ ...each, y: y + body + i * STRIP }));
  const foot = footline(node);
  return [
    `<clipPath id="${escaped(id)}"><rect ${box}/></clipPath>`,
    `<g clip-path="url(#${escaped(id)})"><rect class="${node.kind}" ${box}/>`,
    ...strips.map(
      ({ kind, y: top }) =>
        `<rect class="${kind}" x="${px(x - width / 2)}" y="${px(top)}" width="${px(width)}" height="${STRIP}"/>`,
    ),
    `</g><rect class="box" fill="none" ${box}/>`,
    text(x, y + 17, TEXT, headline(node), 'middle strong'),
    ...(foot ? [text(x, y + 31, SMALL, foot, 'middle faint')] : []),
    ...strips.map(({ text: own, y: top }) => text(x, top + 12, SMALL, own, 'middle')),
  ];
}

/** Writes the shape of the node's output beside the line. */
export const drawOutput = (node: GraphNode, x: number, y: number): string =>
  text(x + OUTPUT_OFFSET, y + nodeSize(node).height + 15, SMALL, extents(node.output), 'faint halo');
