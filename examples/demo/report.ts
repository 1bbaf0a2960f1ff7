import { extname } from 'node:path';
import { lenet5_relu } from '@cnnzoo/lenet';
import { confusion, type Digit, mistakes, oneOfEach, type Photograph, recall } from './digits.js';
import { inkOnPaper } from './png.js';

export interface Report {
  readonly digits: readonly Digit[];
  /** Milliseconds a digit took. */
  readonly milliseconds: number;
  readonly backend: string;
  /** ResNet-18, stage by stage: heads, stages, total. */
  readonly stages: readonly (readonly string[])[];
  /** The net that saw the photographs; undefined where no checkpoint was at hand. */
  readonly photographer: string | undefined;
  readonly photographs: readonly Photograph[];
}

const html = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const percent = (share: number, digits = 1): string => `${(share * 100).toFixed(digits)}&thinsp;%`;

const STYLE = `
:root { color-scheme: light dark; --paper: #fbfbf9; --card: #fff; --ink: #1d2126; --soft: #667080; --line: #e3e4e0;
  --right: 20 121 111; --wrong: 201 92 26; --on-right: #fff; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171a; --card: #1b1f24; --ink: #e8eaed; --soft: #98a2b0;
  --line: #2d333b; --right: 64 186 172; --wrong: 240 141 73; --on-right: #0b1a18; }
  .digits img { filter: invert(.9); } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 3rem 0 .3rem; }
p { margin: 0 0 1rem; color: var(--soft); max-width: 42rem; }
.figures { display: flex; flex-wrap: wrap; gap: 2.5rem; margin: 1.6rem 0 0; padding: 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--soft); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.9rem; font-weight: 600; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.heat { border-spacing: 3px; border-collapse: separate; margin-left: -3px; }
.heat th { font-weight: 500; color: var(--soft); font-size: .85rem; padding: 0 .5rem; }
.heat td { width: 3.3rem; height: 2.5rem; text-align: center; border-radius: 4px; font-size: .85rem; }
.heat td.none { color: transparent; background: color-mix(in srgb, var(--line) 45%, transparent); }
.heat td.right { background: rgb(var(--right)); color: var(--on-right); font-weight: 600; }
.heat td.share { background: none; color: var(--soft); text-align: right; padding-left: .6rem; width: auto; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(4.9rem, 1fr)); gap: .6rem; margin: 1rem 0 0; }
figure { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .5rem .35rem; }
.digits img { display: block; width: 100%; height: auto; image-rendering: pixelated; border-radius: 4px; }
figcaption { font-size: .75rem; line-height: 1.35; margin-top: .35rem; color: var(--soft); font-variant-numeric: tabular-nums; }
figcaption b { color: var(--ink); }
figcaption .no { color: rgb(var(--wrong)); font-weight: 600; }
figcaption .yes { color: rgb(var(--right)); font-weight: 600; }
.stages th { text-align: right; font-weight: 500; color: var(--soft); font-size: .85rem; padding: .3rem 0 .3rem 2rem; }
.stages td { text-align: right; padding: .3rem 0 .3rem 2rem; border-top: 1px solid var(--line); }
.stages th:first-child, .stages td:first-child { text-align: left; padding-left: 0; }
.stages tr:last-child td { font-weight: 600; }
.photos { display: grid; grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); gap: 1rem; margin-top: 1rem; }
.photos img { display: block; width: 100%; aspect-ratio: 4 / 3; object-fit: cover; border-radius: 4px; }
.photos li { display: grid; grid-template-columns: 1fr auto; gap: .1rem .75rem; padding: .2rem 0; }
.photos ol { list-style: none; margin: .5rem 0 0; padding: 0; font-size: .85rem; }
.photos i { grid-column: 1 / -1; height: 3px; border-radius: 2px; background: rgb(var(--right)); min-width: 1px; }
.photos li:first-child { color: var(--ink); font-weight: 600; }
footer { margin-top: 3.5rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .85rem; }
`;

function picture({ pixels, truth, guess, score }: Digit): string {
  const wrong = truth !== guess;
  const caption = wrong
    ? `<b>${truth}</b>, read <span class="no">${guess}</span>`
    : `read <span class="yes">${guess}</span>`;
  const alt = wrong ? `A ${truth} that was read as ${guess}` : `A ${truth}`;
  return `<figure><img src="${inkOnPaper(pixels)}" alt="${alt}" width="84" height="84"><figcaption>${caption}<br>${percent(score)}</figcaption></figure>`;
}

/** Mistakes are rare: their colour goes by the square root of the count, so that a few are seen. */
function heatMap(digits: readonly Digit[]): string {
  const counts = confusion(digits);
  const shares = recall(counts);
  const most = Math.max(1, ...counts.flatMap((row, truth) => row.filter((_, guess) => guess !== truth)));
  const cell = (count: number, truth: number, guess: number): string => {
    const title = `${count} of the digit ${truth} read as ${guess}`;
    if (truth === guess) return `<td class="right" title="${title}">${count}</td>`;
    if (count === 0) return `<td class="none" title="${title}">0</td>`;
    const strength = 0.15 + 0.6 * Math.sqrt(count / most);
    return `<td style="background: rgb(var(--wrong) / ${strength.toFixed(2)})" title="${title}">${count}</td>`;
  };
  const rows = counts.map(
    (row, truth) =>
      `<tr><th scope="row">${truth}</th>${row.map((count, guess) => cell(count, truth, guess)).join('')}<td class="share">${percent(shares[truth]!)}</td></tr>`,
  );
  const heads = counts.map((_, guess) => `<th scope="col">${guess}</th>`).join('');
  return `<div class="scroll"><table class="heat"><tr><th></th>${heads}<th></th></tr>${rows.join('\n')}</table></div>`;
}

function stageTable(stages: Report['stages']): string {
  const [heads, ...rows] = stages;
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((text) => `<${tag}>${html(text).replaceAll(' x ', ' × ')}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table class="stages">${line(heads!, 'th')}${rows.map((row) => line(row, 'td')).join('\n')}</table></div>`;
}

function photograph({ file, bytes, predictions }: Photograph): string {
  const type = extname(file) === '.png' ? 'png' : 'jpeg';
  const source = `data:image/${type};base64,${Buffer.from(bytes).toString('base64')}`;
  const lines = predictions.map(
    ({ label, score }) =>
      `<li><span>${html(label)}</span><span>${percent(score)}</span><i style="width: ${(score * 100).toFixed(1)}%"></i></li>`,
  );
  return `<figure><img src="${source}" alt="${html(file)}"><figcaption><ol>${lines.join('')}</ol></figcaption></figure>`;
}

function photographs({ photographer, photographs: list }: Report): string {
  const title = '<h2>What is in the photographs</h2>';
  if (!photographer)
    return `${title}<p>No ResNet checkpoint was at hand when this report was made, so nobody looked. The command's output says how to get one.</p>`;
  const answers = `<p>Answers of ${html(photographer)}, the most probable first.</p>`;
  return `${title}${answers}<div class="photos">${list.map(photograph).join('\n')}</div>`;
}

/** One page with everything in it: no script, no other file. */
export function renderReport(report: Report): string {
  const { digits, milliseconds, backend, stages } = report;
  const { parameters } = lenet5_relu.weights.DEFAULT;
  const wrong = mistakes(digits);
  const figures: [string, string][] = [
    ['read correctly', percent(1 - wrong.length / digits.length, 2)],
    [`mistakes in ${digits.length.toLocaleString('en-US')} digits`, String(wrong.length)],
    ['parameters', parameters.toLocaleString('en-US')],
    [`a digit, on ${html(backend)}`, `${milliseconds.toFixed(2)}&thinsp;ms`],
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>cnnzoo: the MNIST test digits</title>
<style>${STYLE}</style>
<main>
<h1>LeNet-5 reads the MNIST test digits</h1>
<p>The net of 1998 with ReLU and max pooling (<code>lenet5_relu</code>), trained by cnnzoo, on digits that it was not trained on.</p>
<dl class="figures">${figures.map(([term, value]) => `<div><dt>${term}</dt><dd>${value}</dd></div>`).join('')}</dl>
<h2>What was read as what</h2>
<p>A row is what the digit is, a column what it was read as; at the end of a row, how much of that digit was recognised.</p>
${heatMap(digits)}
<h2>One of each</h2>
<div class="digits">${oneOfEach(digits).map(picture).join('\n')}</div>
<h2>Every mistake</h2>
<p>The surest first. Under each: what it is, what it was read as, and how sure the net was.</p>
<div class="digits">${wrong.map(picture).join('\n')}</div>
<h2>ResNet-18, stage by stage</h2>
<p>At 224 × 224 pixels. Multiply-adds are those of one image.</p>
${stageTable(stages)}
${photographs(report)}
<footer>Made by cnnzoo's demo. Digits: the MNIST test set (LeCun, Cortes, Burges).</footer>
</main>
</html>
`;
}
