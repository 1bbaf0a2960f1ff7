/** CommonJS by esbuild, where `import.meta.url` is undefined: the usual build for AWS Lambda and for extensions of VS Code. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runToEnd } from '../../release/run.js';
import { type Answers, checkAnswers, checkServed, type Served } from '../answers.js';
import { assertQuiet, printedBy } from '../programs.js';
import { versionOf } from '../projects.js';
import { NotRun, type Place, type Report, type Row } from '../row.js';

/** Program that exports `activate`, which prints the answers. */
const PROGRAM = (project: string, head: string): string => `
  ${head}
  import { join } from 'node:path';
  import { Worker } from 'node:worker_threads';
  import { answers } from ${JSON.stringify(join(project, 'answers.mjs'))};
  import { labelsFrom } from ${JSON.stringify(join(project, 'served.mjs'))};

  export async function activate() {
    const found = await answers({ digit: join(__dirname, 'seven.png'), photograph: join(__dirname, 'rocket.jpg') });
    const start = () => new Worker(join(__dirname, 'net.worker.js'));
    console.log(JSON.stringify({ ...found, served: await labelsFrom([start], join(__dirname, 'seven.png')) }));
  }`;

interface Host {
  /** Name of the folder. */
  readonly name: string;
  /** Lines before the program, which use what the host provides. */
  readonly head: string;
  /** Packages that the host provides. */
  readonly provided: readonly string[];
  /** Program in CommonJS that loads the bundle. */
  readonly main: string;
}

async function runHost(place: Place, report: Report, { name, head, provided, main }: Host): Promise<void> {
  const [tool, project] = [await place.tool('esbuild'), await place.project('npm')];
  report.version('esbuild', await versionOf(tool, 'esbuild'));
  report.version('Node', process.versions.node);
  const folder = await place.folder(name);
  await writeFile(join(folder, 'program.mjs'), PROGRAM(project, head));
  await writeFile(join(folder, 'main.cjs'), main);
  await cp(join(project, 'public'), folder, { recursive: true });
  const args = [
    '--bundle',
    '--platform=node',
    '--format=cjs',
    '--outdir=.',
    '--entry-names=[name]',
    '--log-level=error',
  ];
  const entries = ['program.mjs', join(project, 'net.worker.js')];
  const external = provided.map((each) => `--external:${each}`);
  await run(join(tool, 'node_modules/.bin/esbuild'), [...entries, ...args, ...external], folder);
  const env = { CNNZOO_CACHE: join(folder, 'cache') };
  const printed = await report.check('import', async () =>
    printedBy<Partial<Answers> & { served?: Served }>(await runToEnd(process.execPath, ['main.cjs'], folder, env)),
  );
  report.none('require', 'the bundle is one program');
  report.none('workers', 'a bundle has no file for threads: images are decoded on the calling thread, with a warning');
  if (!printed) return;
  const { value, noise } = printed;
  await checkAnswers(report, value);
  await checkServed(report, value.served);
  await report.check('quiet', () => assertQuiet(noise));
}

export const rows: readonly Row[] = [
  {
    name: 'esbuild, CommonJS for Node',
    group: 'Bundlers and pages',
    needs: "nothing. A worker is one more entry: `new Worker(join(__dirname, 'net.worker.js'))`",
    everyRelease: true,
    run: (place, report) =>
      runHost(place, report, {
        name: 'esbuild-cjs',
        head: '',
        provided: [],
        main: "require('./program.js').activate();",
      }),
  },
  {
    name: 'VS Code extension, without VS Code',
    group: 'Editors and desktops',
    needs:
      'a bundle: esbuild with `--platform=node --format=cjs --external:vscode`. The editor itself was not run: Node loads the ' +
      'bundle, with a stand-in for `vscode`',
    run: (place, report) =>
      runHost(place, report, {
        name: 'vscode',
        head: "import * as vscode from 'vscode'; if (vscode.version !== 'none') throw new Error('expected the stand-in');",
        provided: ['vscode'],
        main: `
          const Module = require('node:module');
          const load = Module._load;
          Module._load = (name, ...rest) => (name === 'vscode' ? { version: 'none' } : load(name, ...rest));
          require('./program.js').activate();`,
      }),
  },
  {
    name: 'Electron',
    group: 'Editors and desktops',
    needs: 'unknown. Its main process is a Node, and its windows are pages of Chromium',
    run: () => Promise.reject(new NotRun("Electron's binary is not in the registry of packages")),
  },
];
