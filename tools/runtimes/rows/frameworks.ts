/** Next.js, with a client component in Chromium and a route handler, and Parcel. Each has a project of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../release/run.js';
import { type Answers, checkAnswers } from '../answers.js';
import { checkPage, checkSite } from '../pages.js';
import { installPackages, versionOf } from '../projects.js';
import type { Place, Report, Row } from '../row.js';

/** Modules of the page, besides what bundlers find in packages. */
const PAGE_FILES = ['page.mjs', 'answers.mjs', 'sums.mjs', 'served.mjs', 'web-worker.mjs', 'net.worker.js'];

const FILES: Readonly<Record<string, string>> = {
  'app/layout.js': `
    export default function Layout({ children }) {
      return <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>;
    }`,
  'app/page.js': `
    import { Answers } from './answers';
    export default function Page() { return <Answers />; }`,
  'app/answers.js': `
    'use client';
    import { useEffect } from 'react';
    export function Answers() {
      useEffect(() => void import('../page.mjs'), []);
      return null;
    }`,
  'app/api/answers/route.js': `
    import { answers } from '../../../answers.mjs';
    export const dynamic = 'force-dynamic';
    export const GET = async () =>
      Response.json(await answers({ digit: 'public/seven.png', photograph: 'public/rocket.jpg' }));`,
};

/** Starts `next start` on a free port. Resolves to its URL. */
async function start(folder: string): Promise<{ url: string; server: ChildProcess }> {
  const next = join(folder, 'node_modules/next/dist/bin/next');
  const server = spawn(process.execPath, [next, 'start', '-H', '127.0.0.1', '-p', '0'], {
    cwd: folder,
    env: { ...process.env, CNNZOO_CACHE: join(folder, 'cache'), NEXT_TELEMETRY_DISABLED: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    // The streams are read to their end: a server whose output nobody takes stops.
    for (const stream of [server.stdout, server.stderr])
      stream.on('data', (chunk: Buffer) => {
        said += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said)?.[0];
        if (found && said.includes('Ready')) resolve(found);
      });
    server.on('error', reject).on('exit', () => reject(new Error(`next start ended:\n${said}`)));
  });
  return { url, server };
}

async function runNext(place: Place, report: Report, flags: readonly string[]): Promise<void> {
  const [project, folder] = [await place.project('npm'), await place.folder(`next${flags.join('')}`)];
  await installPackages(place, folder, {}, ['next', 'react', 'react-dom']);
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  for (const name of [...PAGE_FILES, 'public']) await cp(join(project, name), join(folder, name), { recursive: true });
  report.version('Next.js', await versionOf(folder, 'next'));
  const env = { NEXT_TELEMETRY_DISABLED: '1' };
  await run(join(folder, 'node_modules/.bin/next'), ['build', ...flags], folder, env);
  const { url, server } = await start(folder);
  try {
    const response = await fetch(`${url}/api/answers`);
    const handled = (await response.json()) as Partial<Answers> & { backend?: string };
    if (handled.backend !== 'wasm') throw new Error(`the route handler computed with '${handled.backend}'`);
    const failed: string[] = [];
    const inHandler: Report = {
      ...report,
      check: (name, work) =>
        Promise.resolve()
          .then(work)
          .catch((error: Error) => void failed.push(`${name} in a route handler: ${error.message}`)) as never,
    };
    await checkAnswers(inHandler, handled);
    if (failed.length) throw new Error(failed.join('\n'));
    await checkPage(place, report, url);
  } finally {
    const ended = once(server, 'exit');
    server.kill();
    await ended;
  }
}

async function runParcel(place: Place, report: Report): Promise<void> {
  const [tool, project] = [await place.tool('parcel'), await place.project('npm')];
  const [folder, site] = [await place.folder('parcel'), await place.folder('parcel-site')];
  const manifest = { '@parcel/resolver-default': { packageExports: true } };
  await installPackages(place, folder, manifest, ['buffer', 'process', 'util']);
  for (const name of PAGE_FILES) await cp(join(project, name), join(folder, name));
  report.version('Parcel', await versionOf(tool, 'parcel'));
  await writeFile(join(folder, 'index.html'), '<script type="module" src="page.mjs"></script>');
  const args = ['build', 'index.html', '--dist-dir', site, '--no-cache', '--no-source-maps', '--no-autoinstall'];
  await run(join(tool, 'node_modules/.bin/parcel'), args, folder);
  const [script] = /<script.*<\/script>/s.exec(await readFile(join(site, 'index.html'), 'utf8'))!;
  await checkSite(place, report, project, site, script);
}

const row = (name: string, flags: readonly string[]): Row => ({
  name,
  group: 'Bundlers and pages',
  needs: 'nothing, in a client component and in a route handler',
  run: (place, report) => runNext(place, report, flags),
});

export const rows: readonly Row[] = [
  row('Next.js, Turbopack', []),
  row('Next.js, webpack', ['--webpack']),
  {
    name: 'Parcel',
    group: 'Bundlers and pages',
    needs:
      '`"@parcel/resolver-default": { "packageExports": true }` in package.json. Parcel itself installs `buffer`, `process` ' +
      "and `util` for tfjs' code for Node",
    run: runParcel,
  },
];
