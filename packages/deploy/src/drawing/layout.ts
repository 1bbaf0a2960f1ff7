/** Places boxes in rows from top to bottom, and lines between them. */
import dagre from '@dagrejs/dagre';
import type { Box } from './boxes.js';

/** A line from the lower edge of a box to the upper edge of another, by their numbers. */
export interface Line {
  readonly from: number;
  readonly to: number;
}

/** Points that a line passes, with a straight piece down between each first and second. */
export type Way = readonly (readonly [x: number, top: number, bottom: number])[];

export interface Placed {
  readonly width: number;
  readonly height: number;
  /** Middle of each box's upper edge. */
  readonly places: readonly (readonly [x: number, y: number])[];
  readonly ways: readonly Way[];
}

/** Height below a box that its line goes straight down, beside the shape that is written there. */
export const STEM = 20;
/** Height above a row that lines go straight down, so that an arrow's head does not begin in a bend. */
const HEAD = 10;

/** Lays the boxes out. The same boxes and lines give the same places. */
export function place(boxes: readonly Box[], lines: readonly Line[]): Placed {
  const graph = new dagre.graphlib.Graph({ multigraph: true });
  graph.setGraph({ rankdir: 'TB', nodesep: 26, edgesep: 22, ranksep: 36, marginx: 20, marginy: 20 });
  for (const [i, { width, height, shape }] of boxes.entries())
    graph.setNode(String(i), { width, height: height + (shape === undefined ? 0 : STEM) });
  for (const [i, { from, to }] of lines.entries()) graph.setEdge(String(from), String(to), {}, String(i));
  dagre.layout(graph);
  const nodes = boxes.map((_, i) => graph.node(String(i)) as { x: number; y: number; width: number; height: number });
  // Boxes of a row have one middle. Lines pass the row straight down, so that none cuts a higher box.
  const rows = new Map<number, number>();
  for (const { y, height } of nodes) rows.set(y, Math.max(rows.get(y) ?? 0, height));
  const ways = lines.map(({ from, to }, i): Way => {
    const { points = [] } = graph.edge({ v: String(from), w: String(to), name: String(i) }) as {
      points?: { x: number; y: number }[];
    };
    const [source, target] = [nodes[from]!, nodes[to]!];
    const start = source.y - source.height / 2 + boxes[from]!.height;
    const end = target.y - target.height / 2;
    return [
      [source.x, start, source.y + (rows.get(source.y) ?? 0) / 2],
      ...points.slice(1, -1).flatMap(({ x, y }): Way => {
        const half = (rows.get(y) ?? 0) / 2;
        return half === 0 ? [] : [[x, y - half, y + half]];
      }),
      [target.x, target.y - (rows.get(target.y) ?? 0) / 2 - HEAD, end],
    ];
  });
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return { width, height, places: nodes.map(({ x, y, height: tall }) => [x, y - tall / 2]), ways };
}
