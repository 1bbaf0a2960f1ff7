import { join } from 'node:path';
import { run } from '../../release/run.js';
import { checkCommandLine } from '../programs.js';
import type { Manager, Row } from '../row.js';

/** Lines of Node from the oldest that the packages allow. */
const MAJORS = [20, 22, 24, 26];

const row = (major: number, manager: Manager): Row => ({
  name: `Node ${major}, ${manager}`,
  group: 'Node',
  needs: 'nothing',
  ...(major === 24 && manager === 'npm' ? { everyRelease: true as const } : {}),
  async run(place, report) {
    // The package of this machine's binary, without the install script of `node`, which looks for it.
    const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
    const node = join(await place.tool(`${name}@${major}`), 'node_modules', name, 'bin/node');
    report.version('Node', (await run(node, ['--version'], '.')).trim().slice(1));
    await checkCommandLine(report, await place.project(manager), { command: node, args: [] });
  },
});

export const rows: readonly Row[] = MAJORS.flatMap((major) => [row(major, 'npm'), row(major, 'pnpm')]);
