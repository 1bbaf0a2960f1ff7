import { bar, percent, table } from '@cnnzoo/report';
import { type Digit, isWrong, recall, SIZE } from './digits.js';

const { stdout, env } = process;
const coloured = !env.NO_COLOR && (stdout.isTTY || Boolean(env.FORCE_COLOR));
const paint = (code: string, text: string): string => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text: string): string => paint('1', text);
export const dim = (text: string): string => paint('2', text);
const good = (text: string): string => paint('32', text);
const bad = (text: string): string => paint('1;33', text);

export const heading = (text: string): void => console.log(`\n${bold(text)}\n`);

/** Pixels cut off on each side. MNIST's digits do not reach the edge. */
const MARGIN = 2;
const INNER = SIZE - 2 * MARGIN;
const GAP = '  ';

/** Returns one of the 24 greys of a 256-colour terminal. */
const grey = (value: number): number => 232 + Math.round((value / 255) * 23);

/**
 * Draws two pixels as one character: the upper one in the foreground colour of a half block, the lower one in the
 * background colour.
 */
function cell(upper: number, lower: number): string {
  if (!coloured) return [' ', '▄', '▀', '█'][(upper > 110 ? 2 : 0) + (lower > 110 ? 1 : 0)]!;
  return `\u001b[38;5;${grey(upper)};48;5;${grey(lower)}m▀`;
}

function draw({ pixels }: Digit): string[] {
  const lines: string[] = [];
  for (let y = MARGIN; y < SIZE - MARGIN; y += 2) {
    let line = '';
    for (let x = MARGIN; x < SIZE - MARGIN; x++) line += cell(pixels[y * SIZE + x]!, pixels[(y + 1) * SIZE + x]!);
    lines.push(coloured ? `${line}\u001b[0m` : line);
  }
  return lines;
}

/** Draws as many of the digits as fit into a row of the terminal. */
export function drawRow(digits: readonly Digit[]): void {
  const fitting = Math.max(1, Math.floor((stdout.columns ?? 80) / (INNER + GAP.length)));
  const shown = digits.slice(0, Math.min(fitting, 5));
  const drawn = shown.map(draw);
  for (const i of drawn[0]?.keys() ?? []) console.log(`  ${drawn.map((lines) => lines[i]).join(GAP)}`);
  const captions = shown.map((digit) => {
    const read = `read ${digit.predicted} (${percent(digit.probability)})`;
    return isWrong(digit) ? bad(`${read}, is ${digit.label}`.padEnd(INNER)) : good(read.padEnd(INNER));
  });
  console.log(`  ${captions.join(GAP)}\n`);
}

/** Prints the confusion matrix: true digits as rows, predicted digits as columns. */
export function drawConfusion(counts: readonly (readonly number[])[]): void {
  const found = recall(counts);
  console.log(dim(`  is \\ read ${counts.map((_, i) => String(i).padStart(5)).join('')}   recognised`));
  for (const [label, row] of counts.entries()) {
    const cells = row.map((count, predicted) => {
      const text = (count === 0 ? '·' : String(count)).padStart(5);
      return count === 0 ? dim(text) : label === predicted ? good(text) : bad(text);
    });
    console.log(`  ${dim(String(label).padStart(9))} ${cells.join('')}   ${percent(found[label]!).padStart(10)}`);
  }
}

/** Prints a table: headings, then rows. All columns but the first hold numbers. */
export function drawTable([heads, ...rows]: readonly (readonly string[])[]): void {
  const columns = heads!.map((head, i) => (i === 0 ? { head } : { head, align: 'right' as const }));
  for (const line of table(columns, rows, dim)) console.log(`  ${line}`);
}

/** Prints label, percentage and a bar for each prediction. */
export function drawPredictions(predictions: readonly { label: string; score: number }[]): void {
  const columns = [{ head: '' }, { head: '', align: 'right' as const }, { head: '', paint: dim }];
  const rows = predictions.map(({ label, score }) => [label, percent(score), bar(score, 30)]);
  for (const line of table(columns, rows, String).slice(1)) console.log(`    ${line}`);
}
