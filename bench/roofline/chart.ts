/** Draws results of bench/roofline/run.ts, the file argv[2], as the SVG argv[3]: a panel for each version of Node, on all threads. */
import { readFile, writeFile } from 'node:fs/promises';
import { escaped, svgFile } from '@cnnzoo/report';
import type { Measured, Point, Roofline } from './points.js';

const WIDTH = 760;
const PANEL = { width: 214, height: 250, top: 84, gap: 20, left: 46 };
const X = { from: 4, to: 1200, marks: [4, 16, 64, 256, 1024] };
const Y = { from: 8, to: 256, marks: [8, 16, 32, 64, 128, 256] };
const PASSES: readonly Point['pass'][] = ['forward', 'input gradient', 'filter gradient'];

const text = (x: number, y: number, content: string, attributes = ''): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(content)}</text>`;

const share = (value: number, { from, to }: { from: number; to: number }): number =>
  Math.log(Math.min(to, Math.max(from, value)) / from) / Math.log(to / from);

/** Draws a point: a disc, or a diamond for Winograd's filtering. */
function mark(x: number, y: number, isWinograd: boolean): string {
  const [cx, cy] = [x.toFixed(1), y.toFixed(1)];
  return isWinograd ? `<path d="M${cx} ${cy}m0-4l4 4-4 4-4-4z"/>` : `<circle cx="${cx}" cy="${cy}" r="2.6"/>`;
}

function panel({ node, peak, bandwidth, fused, points }: Measured, index: number): string {
  const left = PANEL.left + index * (PANEL.width + PANEL.gap);
  const bottom = PANEL.top + PANEL.height;
  const xOf = (intensity: number) => left + PANEL.width * share(intensity, X);
  const yOf = (gflops: number) => bottom - PANEL.height * share(gflops, Y);
  const line = (x1: number, y1: number, x2: number, y2: number, attributes: string) =>
    `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" ${attributes}/>`;
  const major = node.replace(/^v(\d+).*/, '$1');
  const parts = [
    text(left, PANEL.top - 24, `Node ${major}`, 'font-weight="600"'),
    text(left, PANEL.top - 8, `peak ${peak.toFixed(0)} GFLOP/s${fused ? ', fused multiply-adds' : ''}`, 'class="soft"'),
  ];
  for (const y of Y.marks) {
    parts.push(line(left, yOf(y), left + PANEL.width, yOf(y), 'class="grid"'));
    if (index === 0) parts.push(text(left - 6, yOf(y) + 4, `${y}`, 'class="soft" text-anchor="end"'));
  }
  for (const x of X.marks) parts.push(text(xOf(x), bottom + 16, `${x}`, 'class="soft" text-anchor="middle"'));
  const ridge = peak / bandwidth;
  const roof = `M${xOf(X.from).toFixed(1)} ${yOf(bandwidth * X.from).toFixed(1)}L${xOf(ridge).toFixed(1)} ${yOf(peak).toFixed(1)}H${left + PANEL.width}`;
  parts.push(`<g class="series series-4"><path d="${roof}"/></g>`);
  for (const [i, pass] of PASSES.entries()) {
    const own = points.filter((point) => point.pass === pass);
    const marks = own.map(({ intensity, gflops, isWinograd }) => mark(xOf(intensity), yOf(gflops), isWinograd));
    parts.push(`<g class="series series-${i + 1}">${marks.join('')}</g>`);
  }
  return parts.join('');
}

function draw({ machine, measured }: Roofline): string {
  const threads = Math.max(...measured.map((each) => each.threads));
  const panels = measured.filter((each) => each.threads === threads).map(panel);
  const bottom = PANEL.top + PANEL.height;
  const parts = [
    text(16, 30, 'Layers of the kernels under the roof of the processor', 'class="title"'),
    ...panels,
    text(
      PANEL.left,
      bottom + 38,
      'Operations a byte of input, output and filter; GFLOP/s upward, both logarithmic',
      'class="soft"',
    ),
  ];
  let x = PANEL.left;
  for (const [i, pass] of PASSES.entries()) {
    parts.push(
      `<g class="series series-${i + 1}">${mark(x + 4, bottom + 58, false)}${mark(x + 18, bottom + 58, true)}</g>`,
    );
    parts.push(text(x + 28, bottom + 62, pass));
    x += 130;
  }
  parts.push(
    `<g class="series series-4"><path d="M${x} ${bottom + 58}h20"/></g>`,
    text(x + 28, bottom + 62, 'roof: memory, then arithmetic'),
    ...[
      'Discs are direct convolutions. Diamonds are Winograd’s: the multiplications that they save count as done,',
      'so that they may lie above the roof: a loop of multiply-adds in registers, and one that reads memory.',
      `${threads} threads (${machine.cpu}), ${machine.date}.`,
    ].map((note, i) => text(PANEL.left, bottom + 84 + 18 * i, note, 'class="soft"')),
  );
  return svgFile(
    `<svg viewBox="0 0 ${WIDTH} ${bottom + 134}" role="img"><title>Roofline of the convolutions of @cnnzoo/kernels</title>${parts.join('')}</svg>`,
  );
}

const [, , from, to] = process.argv;
await writeFile(to!, draw(JSON.parse(await readFile(from!, 'utf8')) as Roofline));
