import { clip } from './lines.js';
import { percent } from './numbers.js';
import { escaped } from './svg.js';

/** Class of an image and the class that a net predicted, as indices. */
export interface Named {
  readonly label: number;
  readonly predicted: number;
}

/** Most classes for which cells hold numbers, and rows and columns have names. */
const NUMBERED = 20;
const NAMED = 40;

/** Side of the square of cells, and the margin for names and numbers, in the drawing's units. */
const SIDE = 640;
const ROOM = { left: 132, top: 100, right: 74 };
const NO_ROOM = { left: 4, top: 4, right: 40 };

/** Characters of a class name that are shown. */
const LETTERS = 14;

/** Counts answers, with one row for each true class and one column for each predicted class. */
export function confusionOf(answers: Iterable<Named>, classes: number): number[][] {
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (const { label, predicted } of answers) counts[label]![predicted]!++;
  return counts;
}

const sum = (row: readonly number[]): number => row.reduce((total, n) => total + n, 0);

/**
 * Draws a confusion matrix as an `<svg>` element for `page`, `placed` or `svgFile`. A cell's colour shows its share of
 * the row, and its title the numbers. With up to 20 classes, cells also hold their numbers, and rows end with the share
 * of right answers.
 *
 * @param confusion counts by true class (rows) and predicted class (columns)
 */
export function confusionMatrix(confusion: readonly (readonly number[])[], categories: readonly string[]): string {
  const count = categories.length;
  const cell = SIDE / count;
  const font = Math.min(14, cell * 0.62);
  const named = count <= NAMED;
  const at = (index: number): string => ((index + 0.5) * cell).toFixed(1);
  const cells = confusion.flatMap((row, i) =>
    row.flatMap((n, j) => (n > 0 ? [drawCell({ i, j, n, total: sum(row), cell, font, categories })] : [])),
  );
  const names = categories.flatMap((category, i) => {
    if (!named) return [];
    const text = escaped(clip(category, LETTERS));
    return [
      `<text class="soft" style="font-size:${font}px" x="-8" y="${at(i)}" dy=".35em" text-anchor="end">${text}</text>`,
      `<text class="soft" style="font-size:${font}px" transform="translate(${at(i)} -8) rotate(-45)">${text}</text>`,
    ];
  });
  const shares = confusion.flatMap((row, i) =>
    count > NUMBERED || sum(row) === 0
      ? []
      : [
          `<text style="font-size:${font}px" x="${SIDE + 8}" y="${at(i)}" dy=".35em">${percent(row[i]! / sum(row))}</text>`,
        ],
  );
  const { left, top, right } = named ? ROOM : NO_ROOM;
  const lines = Array.from({ length: named ? count + 1 : 2 }, (_, i) => {
    const place = (named ? i * cell : i * SIDE).toFixed(1);
    return `<path class="grid" fill="none" d="M0 ${place} H${SIDE} M${place} 0 V${SIDE}"/>`;
  });
  return `<svg viewBox="${-left} ${-top} ${left + SIDE + right} ${top + SIDE + 4}" role="img" aria-label="confusion matrix" style="min-width:${named ? 30 : 20}rem;max-width:46rem">
${[...lines, ...cells, ...names, ...shares].join('\n')}
</svg>`;
}

/** Draws the confusion matrix under a caption that explains it, for `page`. */
export function confusionFigure(confusion: readonly (readonly number[])[], categories: readonly string[]): string {
  const shares = categories.length <= NUMBERED ? ' At the end of a row: its share of right answers.' : '';
  const order =
    categories.length <= NAMED
      ? ''
      : ` The classes are in the order of their folders, ${escaped(categories[0]!)} at the top left, ${escaped(categories.at(-1)!)} at the bottom right; resting on a cell shows what it holds.`;
  return `<figure>
<figcaption>Rows: what an image is. Columns: what the net named. Right answers are on the diagonal; the larger a cell's
share of its row, the stronger its colour.${shares}${order}</figcaption>
<div class="scroll">${confusionMatrix(confusion, categories)}</div>
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
  const title =
    i === j
      ? `${categories[i]}: ${n} of ${total} right`
      : `${categories[i]} taken for ${categories[j]}: ${n} of ${total}`;
  const [x, y] = [(j * cell).toFixed(1), (i * cell).toFixed(1)];
  // The square root of the share makes rare mistakes visible too.
  const opacity = (0.1 + 0.9 * Math.sqrt(share)).toFixed(2);
  const square =
    `<rect class="${i === j ? 'right' : 'wrong'}" x="${x}" y="${y}" width="${cell.toFixed(1)}" height="${cell.toFixed(1)}" ` +
    `fill-opacity="${opacity}"><title>${escaped(title)}</title></rect>`;
  if (categories.length > NUMBERED) return square;
  const [middle, row] = [((j + 0.5) * cell).toFixed(1), ((i + 0.5) * cell).toFixed(1)];
  const style = share > 0.5 ? ' class="inside"' : '';
  return `${square}<text${style} style="font-size:${font}px" x="${middle}" y="${row}" dy=".35em" text-anchor="middle" pointer-events="none">${n}</text>`;
}
