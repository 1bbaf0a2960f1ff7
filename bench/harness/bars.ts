import { readFile } from 'node:fs/promises';
import { escaped, svgFile } from '@cnnzoo/report';
import type { Results } from './suite.js';

/** Output of `pnpm bench --json`. */
interface ResultsFile {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly date: string };
  readonly results: readonly Results[];
}

/** Titles of nets in charts, by their names in suites. */
export const NET_TITLES: Readonly<Record<string, string>> = {
  resnet18: 'ResNet-18',
  resnet50: 'ResNet-50',
  vgg16: 'VGG-16',
  googlenet: 'GoogLeNet',
  nin: 'NiN',
};

/** Line of a chart: a label, and milliseconds for each column that has some. */
export interface Row {
  readonly label: string;
  readonly times: readonly (number | undefined)[];
  /** true: ours, in another colour than the others. */
  readonly ours: boolean;
  /** true: a gap before the row. */
  readonly apart?: boolean;
}

interface Chart {
  readonly title: string;
  /** Text for those who don't see the drawing. */
  readonly description: string;
  /** Pixels left of the bars. */
  readonly left: number;
  /** Titles of the columns, '' for none. The bars of a group have one scale in all columns. */
  readonly columns: readonly string[];
  readonly groups: readonly { readonly title: string; readonly rows: readonly Row[] }[];
  /** Lines below the drawing. */
  readonly notes: readonly string[];
}

const [RIGHT, WIDTH] = [90, 760];
const [ROW, BAR, GAP] = [20, 13, 6];

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

/** Draws bars from 0, as the text of an SVG file of 760 px width. */
export function barChart({ title, description, left, columns, groups, notes }: Chart): string {
  const column = (WIDTH - left) / columns.length;
  const parts = [text(16, 32, title, 'class="title"')];
  let y = 64;
  for (const group of groups) {
    const greatest = Math.max(...group.rows.flatMap(({ times }) => times).filter((ms) => ms !== undefined));
    parts.push(text(16, y, group.title, 'style="font-weight:600"'));
    parts.push(...columns.flatMap((name, i) => (name ? [text(left + i * column, y, name, 'class="soft"')] : [])));
    y += 8;
    for (const { label, times, ours, apart } of group.rows) {
      if (apart) y += GAP;
      parts.push(text(left - 8, y + BAR - 1, label, 'text-anchor="end"'));
      for (const [i, ms] of times.entries()) {
        if (ms === undefined) continue;
        const x = left + i * column;
        const width = Math.max(1, ((column - RIGHT) * ms) / greatest);
        parts.push(
          `<rect class="${ours ? 'right' : 'wrong'}" x="${x}" y="${y + 1}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
          text(Math.round(x + width + 6), y + BAR - 1, `${ms.toFixed(0)} ms`),
        );
      }
      y += ROW;
    }
    y += 22;
  }
  parts.push(...notes.map((note, i) => text(16, y + 18 * i, note, 'class="soft"')));
  const height = y + 18 * notes.length - 4;
  return svgFile(
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img"><title>${escaped(description)}</title>${parts.join('')}</svg>`,
  );
}

/** Reads results, and returns the part of one suite. */
export async function readResults(path: string, title: string): Promise<Pick<ResultsFile, 'machine'> & Results> {
  const { machine, results } = JSON.parse(await readFile(path, 'utf8')) as ResultsFile;
  const found = results.find((each) => each.title === title);
  if (!found)
    throw new Error(`'${path}': expected results of '${title}', received ${results.map((each) => each.title)}`);
  return { machine, ...found };
}

export const machineText = ({ cores, cpu, node, date }: ResultsFile['machine']): string =>
  `${cores} cores (${cpu}), Node ${node}, ${date}.`;
