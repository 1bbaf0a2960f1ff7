import { confusionMatrix, escaped, percent, placed, svgFile } from '@cnnzoo/report';
import { confusion, type Digit, inkOnPaper, mistakes, NAMES } from './digits.js';

const MATRIX = { x: 0, y: 40, width: 620, height: 546 };
const [THUMB, COLUMNS, ROWS] = [56, 6, 6];
const LEFT = MATRIX.width + 32;
const WIDTH = LEFT + COLUMNS * (THUMB + 12) + 16;
const HEIGHT = MATRIX.y + MATRIX.height + 14;

/** Draws as many of the surest mistakes as fit beside the matrix. */
const thumbnails = (digits: readonly Digit[]): string[] =>
  mistakes(digits)
    .slice(0, ROWS * COLUMNS)
    .map((digit, i) => {
      const [x, y] = [LEFT + (i % COLUMNS) * (THUMB + 12), 112 + Math.floor(i / COLUMNS) * (THUMB + 24)];
      const caption = `<text class="soft" x="${x + THUMB / 2}" y="${y + THUMB + 13}" text-anchor="middle">${digit.label}, read ${digit.predicted}</text>`;
      return `<image x="${x}" y="${y}" width="${THUMB}" height="${THUMB}" href="${inkOnPaper(digit)}"/>${caption}`;
    });

/** Draws the confusion matrix and the surest mistakes as an SVG file. */
export function renderPicture(digits: readonly Digit[]): string {
  const accuracy = percent(1 - mistakes(digits).length / digits.length, 2);
  const title = `lenet5_relu read ${accuracy} of ${digits.length.toLocaleString('en-US')} MNIST test digits correctly`;
  return svgFile(`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">
<text class="title" x="20" y="36">${escaped(title)}</text>
<text class="soft" x="20" y="64">A row is what the digit is, a column what it was read as.</text>
<text class="soft" x="${LEFT}" y="94">The surest mistakes</text>
${placed(confusionMatrix(confusion(digits), NAMES), MATRIX)}
${thumbnails(digits).join('\n')}
</svg>`);
}
