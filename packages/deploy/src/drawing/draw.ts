import { visible } from '@cnnzoo/core/internal/text';
import type { InferenceGraph } from '../graph/index.js';
import { type Box, boxOf, inputBox, outputBox, STRIP } from './boxes.js';
import { type Line, place, STEM, type Way } from './layout.js';
import { STYLE } from './style.js';

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Writes at most two decimals, so that a drawing is the same on every machine. */
const px = (value: number): string => String(Math.round(value * 100) / 100);

const text = (x: number, y: number, size: number, content: string, classes: string): string =>
  `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${classes && ` class="${classes}"`}>${escaped(content)}</text>`;

function drawBox({ tint, lines, fused, shape, title, width, height }: Box, [x, y]: readonly [number, number]): string {
  const left = x - width / 2;
  const frame = `x="${px(left)}" y="${px(y)}" width="${px(width)}" height="${px(height)}" rx="6"`;
  const parts = [`<g><title>${escaped(title)}</title><rect class="${tint}" ${frame}/>`];
  let below = y + 4;
  for (const line of lines) {
    below += line.size + 4;
    parts.push(text(x, below - 2, line.size, line.text, `middle ${line.classes}`.trim()));
  }
  if (fused !== '') {
    const [top, bottom, right] = [y + height - STRIP, y + height, left + width];
    parts.push(
      `<path class="strip" d="M${px(left)} ${px(top)}H${px(right)}V${px(bottom - 6)}` +
        `a6 6 0 0 1 -6 6H${px(left + 6)}a6 6 0 0 1 -6 -6z"/>`,
      text(x, bottom - 5, 11, `+ ${fused}`, 'middle'),
    );
  }
  parts.push(`<rect class="frame" ${frame}/>`);
  if (shape !== undefined) parts.push(text(x + 8, y + height + STEM - 6, 11, shape, 'faint halo'));
  return `${parts.join('')}</g>`;
}

/** Draws a line with an arrow's head at its end. */
function drawWay(way: Way, shortcut: boolean): string {
  const classes = shortcut ? ' shortcut' : '';
  const [endX, , endY] = way.at(-1)!;
  const pieces = way.map(([x, top, bottom], i) => {
    const before = way[i - 1];
    // The line ends inside the arrow's head.
    const down = `V${px(i === way.length - 1 ? bottom - 4 : bottom)}`;
    if (!before) return `M${px(x)} ${px(top)}${down}`;
    const middle = (before[2] + top) / 2;
    return `C${px(before[0])} ${px(middle)} ${px(x)} ${px(middle)} ${px(x)} ${px(top)}${down}`;
  });
  return (
    `<path class="edge${classes}" d="${pieces.join('')}"/>` +
    `<path class="head${classes}" d="M${px(endX - 4)} ${px(endY - 8)}h8l-4 8z"/>`
  );
}

/** Draws a graph as an SVG file. */
export function draw({ name, inputs, nodes, outputs }: InferenceGraph): string {
  const boxes = [...inputs.map(inputBox), ...nodes.map(boxOf), ...outputs.map(outputBox)];
  const values = [...inputs, ...nodes.map(({ output }) => output)];
  const numbers = new Map(values.map((value, i) => [value, i]));
  const lines: Line[] = [];
  const shortcuts = new Set<number>();
  const uses = new Map<number, number>();
  const connect = (from: number, to: number): void => {
    uses.set(from, (uses.get(from) ?? 0) + 1);
    lines.push({ from, to });
  };
  for (const [i, node] of nodes.entries())
    for (const input of node.inputs) connect(numbers.get(input)!, inputs.length + i);
  for (const [i, output] of outputs.entries()) connect(numbers.get(output)!, values.length + i);
  for (const [i, { from, to }] of lines.entries()) {
    const node = nodes[to - inputs.length];
    // A value that goes into a sum and elsewhere too passes by a block.
    if (node?.op === 'binary' && uses.get(from)! > 1) shortcuts.add(i);
  }
  const { width, height, places, ways } = place(boxes, lines);
  const size = `width="${px(width)}" height="${px(height)}"`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${px(width)} ${px(height)}" role="img">`,
    `<title>${escaped(visible(name))}</title>`,
    `<style>${STYLE}</style>`,
    // A page may be dark on a system that is light.
    `<rect class="paper" ${size} rx="6"/>`,
    ...ways.map((way, i) => drawWay(way, shortcuts.has(i))),
    ...boxes.map((box, i) => drawBox(box, places[i]!)),
    '</svg>',
    '',
  ].join('\n');
}
