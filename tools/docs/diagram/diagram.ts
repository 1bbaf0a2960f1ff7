/** Draws the graph of a LayersModel, or of a part of it, as SVG. The same model gives the same file. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { px, svg, text, textWidth } from '../svg.js';
import { type GraphOptions, graphOf } from './graph.js';
import { KIND_NAMES, type Kind } from './kind.js';
import { layoutOf, type Point, type Way } from './layout.js';
import type { Graph } from './node.js';
import { drawNode, drawOutput, NODE_GAP, nodeSize } from './node-box.js';
import { treeOf } from './tree.js';

const MARGIN = 20;
const RADIUS = 7;

/** Draws straight pieces with rounded corners. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  const pieces = rest.map((point, i) => {
    const next = rest[i + 1];
    if (!next) return `L${px(point[0])} ${px(point[1])}`;
    const before = points[i]!;
    const toward = ([x, y]: Point): string => {
      const length = Math.hypot(x - point[0], y - point[1]);
      const part = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
      return `${px(point[0] + (x - point[0]) * part)} ${px(point[1] + (y - point[1]) * part)}`;
    };
    return `L${toward(before)}Q${px(point[0])} ${px(point[1])} ${toward(next)}`;
  });
  return `M${px(first![0])} ${px(first![1])}${pieces.join('')}`;
}

function drawWay({ kind, points }: Way): string[] {
  const [x, y] = points.at(-1)!;
  const arrow = kind === 'arrow';
  // The line ends inside the arrow's head.
  const drawn = curve(arrow ? [...points.slice(0, -1), [x, y - 4]] : points);
  const line = `<path class="edge${kind === 'skip' ? ' skip' : ''}" d="${drawn}"/>`;
  if (!arrow) return [line];
  return [line, `<path class="head" d="M${px(x - 4)} ${px(y - 8)}h8l-4 8z"/>`];
}

function kindsOf({ nodes }: Graph): Kind[] {
  const present = new Set(nodes.flatMap(({ kind, after }) => [kind, ...after.map((each) => each.kind)]));
  return (Object.keys(KIND_NAMES) as Kind[]).filter((kind) => present.has(kind) && kind !== 'input');
}

/** Arranges the legend in rows that are at most as wide as the drawing. */
function legend(kinds: readonly Kind[], width: number, top: number): { content: string[]; height: number } {
  let [x, y] = [MARGIN, top];
  const content = kinds.flatMap((kind) => {
    const name = KIND_NAMES[kind];
    const wide = 18 + textWidth(name, 11) + 14;
    if (x > MARGIN && x + wide > width - MARGIN / 2) [x, y] = [MARGIN, y + 18];
    const at = x;
    x += wide;
    return [
      `<rect class="box ${kind}" x="${px(at)}" y="${px(y)}" width="12" height="12" rx="3"/>`,
      text(at + 18, y + 10, 11, name, 'faint'),
    ];
  });
  return { content, height: y + 12 - top };
}

export function diagram(model: LayersModel, options: GraphOptions & { readonly title?: string } = {}): string {
  const graph = graphOf(model, options);
  const tree = treeOf(graph);
  const { nodes, ways, left, right, height } = layoutOf(tree);
  const width = Math.max(left + right + 2 * MARGIN, 260);
  const key = legend(kindsOf(graph), width, MARGIN + height + NODE_GAP + 8);
  const shift = (width - left - right) / 2 + left;
  const place = ([x, y]: Point): Point => [x + shift, y + MARGIN];
  const followed = new Set(graph.edges.map(([from]) => from));
  const outputs = nodes
    .filter(({ node }) => !followed.has(node.id))
    .map(({ node, x, y }): Way => {
      const bottom: Point = [x, y + nodeSize(node).height];
      return { kind: 'arrow', points: [bottom, [x, bottom[1] + NODE_GAP - 8]] };
    });
  return svg(width, MARGIN + height + NODE_GAP + 8 + key.height + MARGIN / 2 + 4, options.title ?? model.name, [
    ...[...ways, ...outputs].flatMap((way) => drawWay({ ...way, points: way.points.map(place) })),
    ...nodes.flatMap(({ node, x, y }, i) => drawNode(node, ...place([x, y]), `n${i}`)),
    ...nodes.map(({ node, x, y }) => drawOutput(node, ...place([x, y]))),
    ...key.content,
  ]);
}
