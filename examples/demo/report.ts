import { extname } from 'node:path';
import { lenet5_relu } from '@cnnzoo/lenet';
import { confusionFigure, escaped, gallery, keyNumbers, page, percent, section } from '@cnnzoo/report';
import { confusion, type Digit, inkOnPaper, isWrong, mistakes, NAMES, oneOfEach, type Photograph } from './digits.js';

export interface Report {
  readonly digits: readonly Digit[];
  /** Milliseconds for each digit. */
  readonly milliseconds: number;
  readonly backend: string;
  /** Table of ResNet-18: headings, one row for each stage, total. */
  readonly stages: readonly (readonly string[])[];
  /** Name of the net that classified the photographs; undefined if no checkpoint was at hand. */
  readonly photographer: string | undefined;
  readonly photographs: readonly Photograph[];
}

const digitGallery = (digits: readonly Digit[]): string =>
  `<div class="pixels">${gallery(
    digits.map((digit) => {
      const { label, predicted, probability } = digit;
      const [alt, read] = isWrong(digit)
        ? [`A ${label} that was read as ${predicted}`, `${label}, read <span class="wrong">${predicted}</span>`]
        : [`A ${label}`, `read ${predicted}`];
      return { picture: inkOnPaper(digit), alt, caption: `${read}<br>${percent(probability)}` };
    }),
  )}</div>`;

function stageTable([heads, ...rows]: Report['stages']): string {
  const row = (cells: readonly string[], tag: string): string => {
    const list = cells.map((text, i) => `<${tag}${i > 0 ? ' class="number"' : ''}>${escaped(text)}</${tag}>`);
    return `<tr>${list.join('')}</tr>`;
  };
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<div class="scroll"><table><thead>${row(heads!, 'th')}</thead><tbody>\n${body}\n</tbody></table></div>`;
}

function photograph({ file, bytes, predictions }: Photograph): string {
  const type = extname(file) === '.png' ? 'png' : 'jpeg';
  const rows = predictions.map(
    ({ label, score }) =>
      `<tr><td>${escaped(label)}</td><td class="number">${percent(score)}</td>` +
      `<td class="bar"><span style="width:${(100 * score).toFixed(1)}%"></span></td></tr>`,
  );
  return `<figure><img src="data:image/${type};base64,${Buffer.from(bytes).toString('base64')}" alt="${escaped(file)}">
<table>${rows.join('')}</table></figure>`;
}

function photographs({ photographer, photographs: list }: Report): string {
  if (!photographer)
    return `<p>No ResNet checkpoint was at hand when this report was made, so nobody looked. The command's output says how to get one.</p>`;
  const note = `<p class="soft">Answers of ${escaped(photographer)}, the most probable first.</p>`;
  return `${note}<div class="pairs">${list.map(photograph).join('\n')}</div>`;
}

/** Returns an HTML page in one file, without scripts. */
export function renderReport(report: Report): string {
  const { digits, milliseconds, backend, stages } = report;
  const { parameters } = lenet5_relu.weights.DEFAULT;
  const wrong = mistakes(digits);
  const numbers: [string, string][] = [
    [percent(1 - wrong.length / digits.length, 2), 'read correctly'],
    [String(wrong.length), `mistakes in ${digits.length.toLocaleString('en-US')} digits`],
    [parameters.toLocaleString('en-US'), 'parameters'],
    [`${milliseconds.toFixed(2)} ms`, `a digit, on ${backend}`],
  ];
  return page(
    'cnnzoo: the MNIST test digits',
    `<h1>LeNet-5 reads the MNIST test digits</h1>
<p>The net of 1998 with ReLU and max pooling (<code>lenet5_relu</code>), trained by cnnzoo, on digits that it was not trained on.</p>
${keyNumbers(numbers)}
${section('What was read as what', confusionFigure(confusion(digits), NAMES))}
${section('One of each', digitGallery(oneOfEach(digits)))}
${section(
  'Every mistake',
  `<p class="soft">The surest first. Under each: what it is, what it was read as, and how sure the net was.</p>
${digitGallery(wrong)}`,
)}
${section(
  'ResNet-18, stage by stage',
  `<p class="soft">At 224 x 224 pixels. Multiply-adds are those of one image.</p>
${stageTable(stages)}`,
)}
${section('What is in the photographs', photographs(report))}
<p class="soft">Made by cnnzoo's demo. Digits: the MNIST test set (LeCun, Cortes, Burges).</p>`,
  );
}
