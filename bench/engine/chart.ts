/**
 * Draws results of `pnpm bench engine --json`, the file argv[2], as the SVG argv[3]: milliseconds of one image, a group for each net, and
 * columns for float32 and int8.
 */
import { writeFile } from 'node:fs/promises';
import { barChart, machineText, NET_TITLES, type Row, readResults } from '../harness/bars.js';

const DTYPES = ['float32', 'int8'];
/** Model, place (absent: the Node that ran the suite), engine, dtype, and threads if they are not all. */
const PEER = /^(\w+)(?:, (Node \d+|Chromium))?: (.+?)(?:, (float32|int8))?(, 1 thread)?$/;

const [, , from, to] = process.argv;
const { machine, peers, notes } = await readResults(from!, 'Engine');

interface Drawn extends Row {
  readonly times: (number | undefined)[];
  readonly place: string;
}

const nets = new Map<string, Map<string, Drawn>>();
for (const { name, ms } of peers) {
  const [, model, place = '', engine, dtype = 'float32', threads = ''] = PEER.exec(name) ?? [];
  if (!model || !Object.hasOwn(NET_TITLES, model))
    throw new Error(`expected a peer of a known net, received '${name}'`);
  const rows = nets.get(model) ?? new Map<string, Drawn>();
  nets.set(model, rows);
  const label = `${place ? `${place}: ` : ''}${engine}${threads}`;
  const apart = place !== ([...rows.values()].at(-1)?.place ?? '');
  const row = rows.get(label) ?? { label, place, apart, ours: engine === 'kernels', times: [undefined, undefined] };
  row.times[DTYPES.indexOf(dtype)] = ms.median;
  rows.set(label, row);
}
const [, , , versions, chromium] = notes;
const chart = barChart({
  title: 'One image of 224 px: milliseconds, less is better',
  description: "Time of one image on the kernels' engine and on onnxruntime, in float32 and int8",
  left: 210,
  columns: DTYPES,
  groups: [...nets].map(([model, rows]) => ({ title: NET_TITLES[model]!, rows: [...rows.values()] })),
  notes: [
    machineText(machine),
    'Rows that name no place ran in this Node. Each bar starts at 0; the bars of a net have one scale.',
    `${versions}${chromium ? ` ${chromium.split(':')[0]}.` : ''}`,
  ],
});
await writeFile(to!, chart);
