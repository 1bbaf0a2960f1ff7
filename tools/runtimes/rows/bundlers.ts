/** Bundlers by their command lines: pages in Chromium, and a program for Node. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runToEnd } from '../../release/run.js';
import { checkAnswers } from '../answers.js';
import { checkSite } from '../pages.js';
import { assertQuiet, printedBy } from '../programs.js';
import type { Place, Report, Row } from '../row.js';

interface Bundler {
  readonly name: string;
  /** Packages of the tool, the first of which has its version. */
  readonly tools: readonly string[];
  readonly needs: string;
  readonly everyRelease?: true;
  /** Writes a build of the project's page.mjs into `site`. Returns the page's HTML for it. */
  build(project: string, site: string, tool: string): Promise<string>;
}

const MODULE = '<script type="module" src="page.js"></script>';
const CLASSIC = '<script src="page.js"></script>';

const esbuild = (...options: string[]) => ({
  tools: ['esbuild'],
  build: async (project: string, site: string, tool: string): Promise<void> => {
    const args = ['page.mjs', '--bundle', '--minify', `--outdir=${site}`, '--log-level=warning', ...options];
    await run(join(tool, 'node_modules/.bin/esbuild'), args, project);
  },
});

const ROLLUP_CONFIG = `
  import commonjs from '@rollup/plugin-commonjs';
  import resolve from '@rollup/plugin-node-resolve';
  export default { plugins: [resolve({ browser: true }), commonjs()] };
`;

/** webpack's and Rspack's configuration for a page outside of the project's folder. */
const PACK_CONFIG = (project: string, site: string): string => `
  module.exports = {
    mode: 'production',
    context: ${JSON.stringify(project)},
    entry: './page.mjs',
    output: { path: ${JSON.stringify(site)}, filename: 'page.js' },
    performance: { hints: false },
  };
`;

const bundlers: readonly Bundler[] = [
  {
    name: 'esbuild',
    needs: 'nothing; with `--splitting --format=esm`, late parts are loaded late',
    everyRelease: true,
    ...esbuild(),
    build: async (...folders) => {
      await esbuild('--splitting', '--format=esm').build(...folders);
      return MODULE;
    },
  },
  {
    name: 'esbuild, one script',
    needs: 'nothing',
    ...esbuild(),
    build: async (...folders) => {
      await esbuild('--format=iife').build(...folders);
      return CLASSIC;
    },
  },
  {
    name: 'Rollup',
    tools: ['rollup', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs'],
    needs: '`@rollup/plugin-node-resolve` with `browser: true`, and `@rollup/plugin-commonjs`',
    everyRelease: true,
    async build(project, site, tool) {
      const config = join(tool, 'rollup.config.mjs');
      await writeFile(config, ROLLUP_CONFIG);
      const args = ['-c', config, '-i', 'page.mjs', '-d', site, '--silent'];
      await run(join(tool, 'node_modules/.bin/rollup'), args, project);
      return MODULE;
    },
  },
  {
    name: 'webpack 5',
    tools: ['webpack@5', 'webpack-cli'],
    needs: 'nothing',
    everyRelease: true,
    async build(project, site, tool) {
      const config = join(tool, 'webpack.config.cjs');
      await writeFile(config, PACK_CONFIG(project, site));
      await run(join(tool, 'node_modules/.bin/webpack'), ['-c', config, '--fail-on-warnings'], tool);
      return CLASSIC;
    },
  },
  {
    name: 'Rspack',
    tools: ['@rspack/core', '@rspack/cli'],
    needs: 'nothing',
    async build(project, site, tool) {
      const config = join(tool, 'rspack.config.cjs');
      await writeFile(config, PACK_CONFIG(project, site));
      await run(join(tool, 'node_modules/.bin/rspack'), ['build', '-c', config], tool);
      return CLASSIC;
    },
  },
  {
    name: 'Vite',
    tools: ['vite'],
    needs: 'nothing',
    async build(project, site, tool) {
      const config = join(tool, 'vite.config.mjs');
      const options = { rollupOptions: { input: join(project, 'page.mjs'), output: { entryFileNames: 'page.js' } } };
      await writeFile(config, `export default ${JSON.stringify({ build: options })};`);
      const args = ['build', '-c', config, '--outDir', site, '--emptyOutDir', '--logLevel', 'error'];
      await run(join(tool, 'node_modules/.bin/vite'), args, project);
      return MODULE;
    },
  },
];

const versionOf = async (tool: string, name: string): Promise<string> =>
  (await run(process.execPath, ['-p', `require('./node_modules/${name}/package.json').version`], tool)).trim();

async function runBundler(bundler: Bundler, place: Place, report: Report): Promise<void> {
  const { name, tools } = bundler;
  const [tool, project] = [await place.tool(...tools), await place.project('npm')];
  const [main] = tools;
  report.version(name.split(/[ ,]/)[0]!, await versionOf(tool, main!.replace(/(?<=.)@\d.*$/, '')));
  const site = await place.folder(`site-${name.replace(/\W+/g, '-')}`);
  await checkSite(place, report, project, site, await bundler.build(project, site, tool));
}

/** esbuild's CommonJS, where `import.meta.url` is undefined: the usual build for AWS Lambda. */
async function runCommonJs(place: Place, report: Report): Promise<void> {
  const [tool, project] = [await place.tool('esbuild'), await place.project('npm')];
  report.version('esbuild', await versionOf(tool, 'esbuild'));
  const folder = await place.folder('esbuild-cjs');
  await writeFile(
    join(folder, 'program.mjs'),
    `import { answers } from ${JSON.stringify(join(project, 'answers.mjs'))};
     answers({ digit: 'seven.png', photograph: 'rocket.jpg' }).then((found) => console.log(JSON.stringify(found)));`,
  );
  const args = ['program.mjs', '--bundle', '--platform=node', '--format=cjs', '--outfile=program.cjs'];
  await run(join(tool, 'node_modules/.bin/esbuild'), [...args, '--log-level=error'], folder);
  await cp(join(project, 'public'), folder, { recursive: true });
  const env = { CNNZOO_CACHE: join(folder, 'cache') };
  const printed = await report.check('import', async () =>
    printedBy<object>(await runToEnd(process.execPath, ['program.cjs'], folder, env)),
  );
  report.none('require', 'the bundle is one program');
  report.none('workers', 'a bundle has no file for threads: images are decoded on the calling thread, with a warning');
  if (!printed) return;
  await checkAnswers(report, printed.value);
  await report.check('quiet', () => assertQuiet(printed.noise));
}

export const rows: readonly Row[] = [
  ...bundlers.map(
    (bundler): Row => ({
      name: bundler.name,
      group: 'Bundlers and pages',
      needs: bundler.needs,
      ...(bundler.everyRelease && { everyRelease: true }),
      run: (place, report) => runBundler(bundler, place, report),
    }),
  ),
  {
    name: 'esbuild, CommonJS for Node',
    group: 'Bundlers and pages',
    needs: 'nothing',
    everyRelease: true,
    run: runCommonJs,
  },
];
