import { join } from 'node:path';
import { run } from '../../release/run.js';
import { checkCommandLine } from '../programs.js';
import type { Row } from '../row.js';

export const rows: readonly Row[] = [
  {
    name: 'Bun',
    group: 'Other runtimes',
    needs: 'nothing',
    everyRelease: true,
    async run(place, report) {
      const bun = join(await place.tool('bun'), 'node_modules/.bin/bun');
      report.version('Bun', (await run(bun, ['--version'], '.')).trim());
      await checkCommandLine(report, await place.project('bun'), { command: bun, args: ['run'] });
    },
  },
  {
    name: 'Deno',
    group: 'Other runtimes',
    needs: '`--allow-read`, `--allow-env` and `--allow-sys` (or `-A`)',
    everyRelease: true,
    async run(place, report) {
      const deno = join(await place.tool('deno'), 'node_modules/.bin/deno');
      report.version('Deno', /^deno (\S+)/.exec(await run(deno, ['--version'], '.'))![1]!);
      const args = ['run', '--allow-read', '--allow-env', '--allow-sys'];
      await checkCommandLine(report, await place.project('deno'), { command: deno, args });
    },
  },
];
