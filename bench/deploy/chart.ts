/** Draws results of `pnpm bench deploy --json`, the file argv[2], as the SVG argv[3]: milliseconds of one image, a group for each net. */
import { writeFile } from 'node:fs/promises';
import { barChart, machineText, NET_TITLES, readResults } from '../harness/bars.js';

const [, , from, to] = process.argv;
const { machine, peers, notes } = await readResults(from!, 'Sessions');
const groups = Object.entries(NET_TITLES).map(([model, title]) => ({
  title,
  rows: peers
    .filter(({ name }) => name.startsWith(`${model}: `))
    .map(({ name, ms }) => {
      const label = name.slice(model.length + 2);
      return { label, times: [ms.median], ours: label.startsWith('session') };
    }),
}));
const chart = barChart({
  title: 'One image of 224 px: milliseconds, less is better',
  description: 'Time of one image in sessions of cnnzoo and beside them',
  left: 270,
  columns: [''],
  groups: groups.filter(({ rows }) => rows.length > 0),
  notes: [`${machineText(machine)} Each bar starts at 0; the longest of a net is the width.`, notes.at(-1)!],
});
await writeFile(to!, chart);
