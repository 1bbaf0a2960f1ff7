/** A page without a bundler: one address of a CDN, which is another origin than the page's. */
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { run } from '../../release/run.js';
import { serve } from '../../release/serve.js';
import { checkSite } from '../pages.js';
import type { Place, Report, Row } from '../row.js';

/** Makes the programs import everything from one address, as people write by hand. */
const fromAddress = (address: string): Plugin => ({
  name: 'from-address',
  setup(setting) {
    setting.onResolve({ filter: /^@cnnzoo\// }, () => ({ path: address, external: true }));
    setting.onResolve({ filter: /^@tensorflow\/tfjs-core$/ }, ({ path }) => ({ path, namespace: 'tf' }));
    setting.onLoad({ filter: /.*/, namespace: 'tf' }, () => ({
      contents: `import { tf } from '@cnnzoo/core';
        export const { getBackend, tensor1d, tensor4d, dispose } = tf;`,
    }));
  },
});

async function runPage(place: Place, report: Report): Promise<void> {
  const cnnzoo = place.packages.find(({ name }) => name === 'cnnzoo')!;
  const [files, project, site] = [
    await place.folder('cdn'),
    await place.project('npm'),
    await place.folder('cdn-site'),
  ];
  await run('tar', ['-xzf', cnnzoo.tarball], files);
  const cdn = await serve(files, false);
  try {
    const address = `${cdn.url}package/${(cnnzoo.manifest.jsdelivr as string).replace('./', '')}`;
    await build({
      entryPoints: ['page.mjs', 'net.worker.js'].map((name) => join(project, name)),
      outdir: site,
      bundle: true,
      format: 'esm',
      plugins: [fromAddress(address)],
      tsconfigRaw: '{}',
    });
    await checkSite(place, report, project, site, '<script type="module" src="page.js"></script>');
  } finally {
    await cdn.close();
  }
}

export const rows: readonly Row[] = [
  {
    name: 'Page without a bundler',
    group: 'Bundlers and pages',
    needs: 'one address: `dist/cdn/cnnzoo.js` of the package `cnnzoo`, or the file of a family',
    everyRelease: true,
    run: runPage,
  },
];
