import { confusion, type Digit, mistakes, recall } from './digits.js';
import { inkOnPaper } from './png.js';

const CELL = 44;
const LEFT = 40;
const TOP = 92;
const THUMB = 52;
const COLUMNS = 6;
const RIGHT = LEFT + 10 * CELL + 100;
const WIDTH = RIGHT + COLUMNS * (THUMB + 12) + 28;
const HEIGHT = TOP + 10 * CELL + 36;

const text = (x: number, y: number, content: string, more = ''): string =>
  `<text x="${x}" y="${y}" ${more}>${content}</text>`;

function matrix(digits: readonly Digit[]): string {
  const counts = confusion(digits);
  const shares = recall(counts);
  const most = Math.max(1, ...counts.flatMap((row, truth) => row.filter((_, guess) => guess !== truth)));
  const cell = (count: number, truth: number, guess: number): string => {
    const [x, y] = [LEFT + guess * CELL, TOP + truth * CELL];
    const right = truth === guess;
    const strength = 0.2 + 0.7 * Math.sqrt(count / most);
    const fill = right ? '#14796f' : count === 0 ? '#f1f1ee' : `rgb(201 92 26 / ${strength.toFixed(2)})`;
    const label =
      count === 0
        ? ''
        : text(x + (CELL - 3) / 2, y + CELL / 2 + 4, String(count), `class="${right ? 'right' : 'count'}"`);
    return `<rect x="${x}" y="${y}" width="${CELL - 3}" height="${CELL - 3}" rx="4" fill="${fill}"/>${label}`;
  };
  return counts
    .map((row, truth) => {
      const middle = TOP + truth * CELL + CELL / 2 + 5;
      const share = `${(100 * shares[truth]!).toFixed(1)} %`;
      return [
        text(LEFT - 18, middle, String(truth), 'class="soft"'),
        text(LEFT + truth * CELL + CELL / 2, TOP - 8, String(truth), 'class="soft"'),
        ...row.map((count, guess) => cell(count, truth, guess)),
        text(LEFT + 10 * CELL + 30, middle, share, 'class="soft"'),
      ].join('');
    })
    .join('\n');
}

/** The surest mistakes, as many as there is room for beside the matrix. */
function gallery(digits: readonly Digit[]): string {
  const rows = Math.floor((10 * CELL) / (THUMB + 26));
  return mistakes(digits)
    .slice(0, rows * COLUMNS)
    .map(({ pixels, truth, guess }, i) => {
      const [x, y] = [RIGHT + (i % COLUMNS) * (THUMB + 12), TOP + Math.floor(i / COLUMNS) * (THUMB + 26)];
      const caption = text(x + THUMB / 2, y + THUMB + 14, `${truth}, read ${guess}`, 'class="caption"');
      return `<image x="${x}" y="${y}" width="${THUMB}" height="${THUMB}" href="${inkOnPaper(pixels)}"/>${caption}`;
    })
    .join('\n');
}

/** The digits in one picture: what was read as what, and the surest mistakes. */
export function renderPicture(digits: readonly Digit[]): string {
  const wrong = mistakes(digits).length;
  const accuracy = (100 * (1 - wrong / digits.length)).toFixed(2);
  const title = `lenet5_relu read ${accuracy} % of ${digits.length.toLocaleString('en-US')} MNIST test digits correctly`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">
<style>text { font: 13px system-ui, sans-serif; fill: #1d2126; text-anchor: middle } .title { font-size: 20px; font-weight: 600; text-anchor: start }
.soft { fill: #667080 } .right { fill: #fff; font-weight: 600 } .caption { font-size: 11px; fill: #667080 } .head { text-anchor: start; fill: #667080 }</style>
<rect width="100%" height="100%" fill="#fbfbf9"/>
${text(22, 36, title, 'class="title"')}
${text(22, 62, 'A row is what the digit is, a column what it was read as', 'class="head"')}
${text(RIGHT, 62, 'The surest mistakes', 'class="head"')}
${matrix(digits)}
${gallery(digits)}
</svg>
`;
}
