/** Bundlers by their command lines: pages in Chromium. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../release/run.js';
import { checkSite } from '../pages.js';
import { versionOf } from '../projects.js';
import type { Place, Report, Row } from '../row.js';

interface Bundler {
  readonly name: string;
  /** Packages of the tool, the first of which has its version. */
  readonly tools: readonly string[];
  readonly needs: string;
  readonly everyRelease?: true;
  /** Writes a build of the project's page.mjs, and of net.worker.js where the bundler does not find it, into `site`. Returns the page's HTML for it. */
  build(project: string, site: string, tool: string): Promise<string>;
}

const MODULE = '<script type="module" src="page.js"></script>';
const CLASSIC = '<script src="page.js"></script>';

const esbuild = (...options: string[]) => ({
  tools: ['esbuild'],
  build: async (project: string, site: string, tool: string): Promise<void> => {
    const args = [
      'page.mjs',
      'net.worker.js',
      '--bundle',
      '--minify',
      `--outdir=${site}`,
      '--log-level=warning',
      ...options,
    ];
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
    needs: 'nothing; with `--splitting --format=esm`, late parts are loaded late. A worker is one more entry',
    everyRelease: true,
    ...esbuild(),
    build: async (...folders) => {
      await esbuild('--splitting', '--format=esm').build(...folders);
      return MODULE;
    },
  },
  {
    name: 'esbuild, one script',
    needs: 'nothing. A worker is one more entry, and its line wants `--define:import.meta.url=document.baseURI`',
    ...esbuild(),
    build: async (...folders) => {
      await esbuild('--format=iife', '--define:import.meta.url=document.baseURI').build(...folders);
      return CLASSIC;
    },
  },
  {
    name: 'Rollup',
    tools: ['rollup', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs'],
    needs:
      '`@rollup/plugin-node-resolve` with `browser: true`, and `@rollup/plugin-commonjs`. A worker is one more input',
    everyRelease: true,
    async build(project, site, tool) {
      const config = join(tool, 'rollup.config.mjs');
      await writeFile(config, ROLLUP_CONFIG);
      const args = ['-c', config, '-i', 'page.mjs', '-i', 'net.worker.js', '-d', site, '--silent'];
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

async function runBundler(bundler: Bundler, place: Place, report: Report): Promise<void> {
  const { name, tools } = bundler;
  const [tool, project] = [await place.tool(...tools), await place.project('npm')];
  const [main] = tools;
  report.version(name.split(/[ ,]/)[0]!, await versionOf(tool, main!.replace(/(?<=.)@\d.*$/, '')));
  const site = await place.folder(`site-${name.replace(/\W+/g, '-')}`);
  await checkSite(place, report, project, site, await bundler.build(project, site, tool));
}

export const rows: readonly Row[] = bundlers.map((bundler) => ({
  name: bundler.name,
  group: 'Bundlers and pages',
  needs: bundler.needs,
  ...(bundler.everyRelease && { everyRelease: true }),
  run: (place, report) => runBundler(bundler, place, report),
}));
