/** Draws results of `pnpm bench deploy --json`, the file argv[2], as the SVG argv[3]: milliseconds of one image, a group for each net. */
import { readFile, writeFile } from 'node:fs/promises';
import { escaped, svgFile } from '@cnnzoo/report';
import type { Results } from '../harness/suite.js';

interface File {
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string; readonly date: string };
  readonly results: readonly Results[];
}

const NAMES: Readonly<Record<string, string>> = {
  resnet18: 'ResNet-18',
  resnet50: 'ResNet-50',
  vgg16: 'VGG-16',
  googlenet: 'GoogLeNet',
};
const [LEFT, RIGHT, WIDTH] = [270, 90, 760];
const [ROW, BAR] = [20, 13];

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x}" y="${y}" ${attributes}>${escaped(content)}</text>`;

function draw({ machine, results }: File): string {
  const { peers, notes } = results.find(({ title }) => title === 'Sessions')!;
  const parts = [text(16, 32, 'One image of 224 px: milliseconds, less is better', 'class="title"')];
  let y = 64;
  for (const [model, title] of Object.entries(NAMES)) {
    const rows = peers.filter(({ name }) => name.startsWith(`${model}: `));
    if (rows.length === 0) continue;
    const greatest = Math.max(...rows.map(({ ms }) => ms.median));
    parts.push(text(16, y, title, 'font-weight="600"'));
    y += 8;
    for (const { name, ms } of rows) {
      const label = name.slice(model.length + 2);
      const width = Math.max(1, ((WIDTH - LEFT - RIGHT) * ms.median) / greatest);
      const kind = label.startsWith('session') ? 'right' : 'wrong';
      parts.push(
        text(LEFT - 8, y + BAR - 1, label, 'text-anchor="end"'),
        `<rect class="${kind}" x="${LEFT}" y="${y + 1}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
        text(Math.round(LEFT + width + 6), y + BAR - 1, `${ms.median.toFixed(0)} ms`),
      );
      y += ROW;
    }
    y += 22;
  }
  parts.push(
    text(
      16,
      y,
      `${machine.cores} cores (${machine.cpu}), Node ${machine.node}, ${machine.date}. Each bar starts at 0; the longest of a net is the width.`,
      'class="soft"',
    ),
    text(16, y + 18, notes.at(-1)!, 'class="soft"'),
  );
  return svgFile(
    `<svg viewBox="0 0 ${WIDTH} ${y + 32}" role="img"><title>Time of one image in sessions of cnnzoo and beside them</title>${parts.join('')}</svg>`,
  );
}

const [, , from, to] = process.argv;
await writeFile(to!, draw(JSON.parse(await readFile(from!, 'utf8')) as File));
