import { clip } from '../text.js';
import { escaped } from './html.js';

/** Up to so many classes, cells hold their numbers, and rows and columns their names. */
const NUMBERED = 20;
const NAMED = 40;

/** Side of the square of cells, and room for the names beside and above it, in the picture's own units. */
const SIDE = 640;
const ROOM = { left: 132, top: 100 };
const NO_ROOM = { left: 4, top: 4 };

/** The longest name, in characters. */
const LETTERS = 14;

/**
 * The confusion matrix as SVG: a row for the class that images belong to, a column for the one that the net named; the
 * colour of a cell tells its share of the row. Every cell that holds images says which by its title.
 */
export function confusionMatrix(confusion: readonly (readonly number[])[], categories: readonly string[]): string {
  const count = categories.length;
  const cell = SIDE / count;
  const font = Math.min(14, cell * 0.62);
  const named = count <= NAMED;
  const at = (index: number): string => ((index + 0.5) * cell).toFixed(1);
  const cells = confusion.flatMap((row, i) => {
    const total = row.reduce((sum, n) => sum + n, 0);
    return row.flatMap((n, j) => (n > 0 ? [drawCell({ i, j, n, total, cell, font, categories })] : []));
  });
  const names = categories.flatMap((category, i) => {
    if (!named) return [];
    const text = escaped(clip(category, LETTERS));
    return [
      `<text class="soft" style="font-size:${font}px" x="-8" y="${at(i)}" dy=".35em" text-anchor="end">${text}</text>`,
      `<text class="soft" style="font-size:${font}px" transform="translate(${at(i)} -8) rotate(-45)">${text}</text>`,
    ];
  });
  const { left, top } = named ? ROOM : NO_ROOM;
  const lines = Array.from({ length: named ? count + 1 : 2 }, (_, i) => {
    const place = (named ? i * cell : i * SIDE).toFixed(1);
    return `<path class="grid" fill="none" d="M0 ${place} H${SIDE} M${place} 0 V${SIDE}"/>`;
  });
  const note = named
    ? ''
    : ` The classes are in the order of their folders, ${escaped(categories[0]!)} at the top left, ${escaped(categories.at(-1)!)} at the bottom right; resting on a cell shows what it holds.`;
  return `<figure>
<figcaption>Rows: what an image is. Columns: what the net named. Right answers are on the diagonal; the larger a cell's
share of its row, the stronger its colour.${note}</figcaption>
<div class="scroll"><svg viewBox="${-left} ${-top} ${left + SIDE + 40} ${top + SIDE + 4}" role="img" aria-label="confusion matrix" style="min-width:${named ? 30 : 20}rem;max-width:46rem">
${[...lines, ...cells, ...names].join('\n')}
</svg></div>
</figure>`;
}

interface Cell {
  readonly i: number;
  readonly j: number;
  readonly n: number;
  readonly total: number;
  readonly cell: number;
  readonly font: number;
  readonly categories: readonly string[];
}

function drawCell({ i, j, n, total, cell, font, categories }: Cell): string {
  const share = n / total;
  const what =
    i === j
      ? `${categories[i]}: ${n} of ${total} right`
      : `${categories[i]} taken for ${categories[j]}: ${n} of ${total}`;
  const [x, y] = [(j * cell).toFixed(1), (i * cell).toFixed(1)];
  // By the root of the share: few in many are seen too.
  const opacity = (0.1 + 0.9 * Math.sqrt(share)).toFixed(2);
  const square =
    `<rect class="${i === j ? 'right' : 'wrong'}" x="${x}" y="${y}" width="${cell.toFixed(1)}" height="${cell.toFixed(1)}" ` +
    `fill-opacity="${opacity}"><title>${escaped(what)}</title></rect>`;
  if (categories.length > NUMBERED) return square;
  const [middle, row] = [((j + 0.5) * cell).toFixed(1), ((i + 0.5) * cell).toFixed(1)];
  const style = share > 0.5 ? ' class="inside"' : '';
  return `${square}<text${style} style="font-size:${font}px" x="${middle}" y="${row}" dy=".35em" text-anchor="middle" pointer-events="none">${n}</text>`;
}
