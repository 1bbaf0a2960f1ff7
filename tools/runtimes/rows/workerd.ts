/** workerd, the runtime of Cloudflare Workers, by miniflare. A program there gets its images by requests. */
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { run, runToEnd } from '../../release/run.js';
import { type Answers, checkAnswers } from '../answers.js';
import { assertQuiet, printedBy } from '../programs.js';
import { installPackages, versionOf } from '../projects.js';
import type { Place, Report, Row } from '../row.js';

/** Program in workerd. The photograph comes as pixels, and as a JPEG, which is refused. */
const WORKER = `
  import { useBackend } from '@cnnzoo/core';
  import { answers, digitOf } from './answers.mjs';

  const said = [];
  for (const level of ['log', 'info', 'warn', 'error']) console[level] = (...texts) => void said.push(texts.join(' '));
  const outcome = (work) => work.then(String, ({ name, code, message }) => [name, code, message].join(' '));

  export default {
    async fetch(request) {
      const form = await request.formData();
      const bytes = async (name) => new Uint8Array(await form.get(name).arrayBuffer());
      const wasm = await outcome(useBackend('wasm'));
      await useBackend('cpu');
      const jpeg = await outcome(digitOf(await bytes('rocket.jpg')));
      const data = new Uint8ClampedArray(await bytes('pixels'));
      const photograph = { data, width: Number(form.get('width')), height: Number(form.get('height')) };
      const found = await answers({ digit: await bytes('seven.png'), photograph });
      return Response.json({ ...found, wasm, jpeg, said });
    },
  };`;

/** Program in Node that starts workerd and sends the images. Arguments: the flags, the width and the height. */
const MAIN = `
  import { readFile } from 'node:fs/promises';
  import { Miniflare } from 'miniflare';

  const [width, height, ...compatibilityFlags] = process.argv.slice(2);
  const workerd = new Miniflare({
    modules: [{ type: 'ESModule', path: 'out/worker.js' }],
    compatibilityDate: '2026-04-01',
    compatibilityFlags,
  });
  const form = new FormData();
  for (const name of ['seven.png', 'rocket.jpg', 'pixels'])
    form.set(name, new Blob([await readFile('public/' + name)]), name);
  form.set('width', width);
  form.set('height', height);
  const encoded = new Response(form);
  const response = await workerd.dispatchFetch('http://localhost/', {
    method: 'POST',
    headers: { 'content-type': encoded.headers.get('content-type') },
    body: await encoded.arrayBuffer(),
  });
  console.log(await response.text());
  await workerd.dispose();`;

interface Found extends Partial<Answers> {
  readonly backend: string;
  /** Errors of calls that need WebAssembly. */
  readonly wasm: string;
  readonly jpeg: string;
  readonly said: readonly string[];
}

const REFUSALS = {
  wasm: /^CnnzooError BACKEND .*Cloudflare Workers compile no WebAssembly at run time: write useBackend\('cpu'\)/s,
  jpeg: /^CnnzooError BACKEND .*Cloudflare Workers compile no WebAssembly at run time: give a PNG/s,
};

async function runWorkerd(place: Place, report: Report, flags: readonly string[]): Promise<void> {
  const [project, folder] = [await place.project('npm'), await place.folder(`workerd${flags.join('-')}`)];
  await installPackages(place, folder, { type: 'module' }, ['miniflare', 'esbuild']);
  for (const name of ['miniflare', 'workerd']) report.version(name, await versionOf(folder, name));
  for (const name of ['answers.mjs', 'public']) await cp(join(project, name), join(folder, name), { recursive: true });
  const photograph = sharp(join(folder, 'public/rocket.jpg'), { ignoreIcc: true }).ensureAlpha().raw();
  const { data, info } = await photograph.toBuffer({ resolveWithObject: true });
  await writeFile(join(folder, 'public/pixels'), data);
  await writeFile(join(folder, 'worker.mjs'), WORKER);
  await writeFile(join(folder, 'main.mjs'), MAIN);
  const args = ['worker.mjs', '--bundle', '--format=esm', '--conditions=workerd,worker,browser', '--outdir=out'];
  await run(join(folder, 'node_modules/.bin/esbuild'), [...args, '--log-level=error'], folder);
  const printed = await report.check('import', async () => {
    const size = [String(info.width), String(info.height)];
    const { value, noise } = printedBy<Found>(
      await runToEnd(process.execPath, ['main.mjs', ...size, ...flags], folder),
    );
    if (value.backend !== 'cpu') throw new Error(`expected the backend 'cpu', received '${value.backend}'`);
    for (const name of ['wasm', 'jpeg'] as const)
      if (!REFUSALS[name].test(value[name])) throw new Error(`expected a clear error, received ${value[name]}`);
    return { value, noise };
  });
  report.none('require', 'a worker is one module');
  report.none('workers', 'a worker starts no threads');
  report.none('served', 'a worker starts no threads');
  if (!printed) return;
  await checkAnswers(report, printed.value);
  await report.check('quiet', () => assertQuiet([printed.noise, ...printed.value.said].filter(Boolean).join('\n')));
}

const needs =
  "`useBackend('cpu')` before other calls, and photographs as PNG or pixels: workerd compiles no WebAssembly at run time, so " +
  'that there is no faster backend, JPEG and WebP are refused, and both say so';

export const rows: readonly Row[] = [
  {
    name: 'workerd (Cloudflare Workers)',
    group: 'Other runtimes',
    needs,
    run: (place, report) => runWorkerd(place, report, []),
  },
  {
    name: 'workerd, nodejs_compat',
    group: 'Other runtimes',
    needs: 'the same',
    run: (place, report) => runWorkerd(place, report, ['nodejs_compat']),
  },
];
