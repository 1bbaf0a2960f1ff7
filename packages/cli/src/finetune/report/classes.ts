import { escaped, percent } from '@cnnzoo/report';
import type { Tally } from './tally.js';

/**
 * Returns a table of the classes, the hardest first: number of images, right answers, and the wrong class that was
 * predicted most often.
 */
export function classTable(
  { confusion }: Tally,
  categories: readonly string[],
  /** Number of training images of each class. */
  trained: readonly number[],
): string {
  const rows = confusion.map((row, label) => {
    const images = row.reduce((sum, n) => sum + n, 0);
    const [other, count] = [...row.entries()]
      .filter(([predicted]) => predicted !== label)
      .reduce((best, entry) => (entry[1] > best[1] ? entry : best), [-1, 0] as [number, number]);
    const share = images > 0 ? row[label]! / images : undefined;
    return { label, images, right: row[label]!, share, taken: count > 0 ? `${categories[other]!} (${count})` : '' };
  });
  const lines = rows
    .sort((a, b) => (a.share ?? 2) - (b.share ?? 2) || a.label - b.label)
    .map(
      ({ label, images, right, share, taken }) => `<tr>
<th scope="row">${escaped(categories[label]!)}</th>
<td class="number">${trained[label]}</td><td class="number">${images}</td><td class="number">${right}</td>
<td class="number">${share === undefined ? '' : percent(share)}</td>
<td class="bar">${share === undefined ? '' : `<span style="width:${(100 * share).toFixed(1)}%"></span>`}</td>
<td>${escaped(taken)}</td>
</tr>`,
    );
  return `<div class="scroll"><table>
<thead><tr><th scope="col">class</th><th scope="col" class="number">trained on</th><th scope="col" class="number">validated on</th>
<th scope="col" class="number">right</th><th scope="col" class="number">top-1</th><th scope="col"><span hidden>top-1</span></th><th scope="col">most often taken for</th></tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table></div>`;
}
