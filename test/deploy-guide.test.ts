// Programs of docs/deploy.md, run as they stand there. Packages are those of packages/*/dist: `pnpm test` builds first.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Prediction, useBackend } from '@cnnzoo/core';
import { exportGraphModel, exportOnnx } from '@cnnzoo/deploy';
import { lenet5_relu } from '@cnnzoo/lenet';
import { resnet20 } from '@cnnzoo/resnet';
import { build } from 'esbuild';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findChromium, openChromium, openPage } from '../tools/release/chromium.js';
import { serve } from '../tools/release/serve.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const guide = readFileSync(join(root, 'docs/deploy.md'), 'utf8');

/** Returns the program of a section, with some texts replaced that a test can't keep, each of which must occur. */
function program(section: string, language: string, replaced: Readonly<Record<string, string>> = {}): string {
  const [, rest = ''] = guide.split(`\n## ${section}\n`);
  const [, code] = new RegExp(`^[^#]*?\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(rest) ?? [];
  expect(code, `${section}, ${language}`).toBeDefined();
  return Object.entries(replaced).reduce((text, [from, to]) => {
    expect(text).toContain(from);
    return text.replace(from, to);
  }, code!);
}

mkdirSync(join(root, 'out'), { recursive: true });
// Inside the workspace, whose packages the programs import.
const place = mkdtempSync(join(root, 'out/deploy-guide-'));
afterAll(() => rmSync(place, { recursive: true }));

let best: Prediction;
beforeAll(async () => {
  await useBackend('wasm');
  await sharp(join(root, 'examples/photos/chelsea.png')).jpeg({ quality: 95 }).toFile(join(place, 'rose.jpg'));
  const net = await resnet20.pretrained();
  await net.save(join(place, 'flowers-resnet18'));
  await exportOnnx(net, join(place, 'flowers.onnx'));
  await exportGraphModel(net, join(place, 'flowers'));
  [best] = (await net.classify(join(place, 'rose.jpg'))) as [Prediction];
  net.dispose();
  const digits = await lenet5_relu.pretrained();
  await digits.save(join(place, 'digits'));
  digits.dispose();
});

/** Returns a port that nothing listens to. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });

/** Sends a body until the server is there. */
async function ask(url: string, body: Uint8Array<ArrayBuffer>, child: ChildProcess): Promise<Response> {
  while (child.exitCode === null) {
    const response = await fetch(url, { method: 'POST', body }).catch(() => undefined);
    if (response) return response;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the server ended with ${child.exitCode}`);
}

it('the server in Node', async () => {
  const port = await freePort();
  writeFileSync(join(place, 'server.ts'), program('A server in Node', 'ts', { '8080': String(port) }));
  const child = spawn(process.execPath, ['--import', 'tsx', 'server.ts'], { cwd: place, stdio: 'inherit' });
  try {
    const response = await ask(
      `http://127.0.0.1:${port}/`,
      new Uint8Array(readFileSync(join(place, 'rose.jpg'))),
      child,
    );
    const answer = (await response.json()) as Prediction;
    expect(answer.label).toBe(best.label);
    expect(Math.abs(answer.score - best.score)).toBeLessThan(1e-5);
  } finally {
    child.kill();
  }
});

const python = process.env.PYTHON ?? 'python3';

it('the program in Python', (context) => {
  if (spawnSync(python, ['-c', 'import numpy, onnxruntime, PIL'], { stdio: 'ignore' }).status !== 0)
    return context.skip(`'${python}' lacks numpy, onnxruntime or PIL; PYTHON names another interpreter`);
  writeFileSync(join(place, 'program.py'), program('Python', 'python'));
  const { status, stdout, stderr } = spawnSync(python, ['program.py'], { cwd: place, encoding: 'utf8' });
  expect({ status, stdout: stdout.trim() }, stderr).toEqual({ status: 0, stdout: best.label });
});

it('the page without cnnzoo', async (context) => {
  if (!findChromium()) return context.skip('there is no Chromium on this machine');
  const site = join(place, 'site');
  mkdirSync(site);
  for (const name of ['flowers', 'rose.jpg']) cpSync(join(place, name), join(site, name), { recursive: true });
  const wasm = join(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')));
  for (const name of readdirSync(wasm).filter((each) => each.endsWith('.wasm')))
    cpSync(join(wasm, name), join(site, name));
  const { metafile } = await build({
    stdin: { contents: program('A page without cnnzoo', 'ts'), resolveDir: root, loader: 'ts' },
    outfile: join(site, 'page.js'),
    bundle: true,
    format: 'esm',
    metafile: true,
    logLevel: 'error',
    tsconfigRaw: '{}',
    external: ['fs', 'path', 'util', 'worker_threads', 'perf_hooks', 'os', 'string_decoder', 'crypto'],
  });
  expect(Object.keys(metafile.inputs).filter((path) => path.startsWith('packages/'))).toEqual([]);
  writeFileSync(
    join(site, 'index.html'),
    '<!doctype html><link rel="icon" href="data:," /><img src="/rose.jpg" /><script type="module" src="/page.js"></script>',
  );
  const [browser, served] = [(await openChromium())!, await serve(site, false)];
  try {
    const page = await openPage(browser);
    const said = new Promise<string>((resolve) => {
      page.on('console', (message) => resolve(message.text()));
      page.on('pageerror', (error) => resolve(String(error)));
    });
    await page.goto(served.url);
    expect(await said).toBe(best.label);
  } finally {
    await browser.close();
    await served.close();
  }
});

it('the edge worker, in Node', async () => {
  const served = await serve(place, false);
  try {
    writeFileSync(join(place, 'worker.ts'), program('An edge worker', 'ts', { 'https://example.com/': served.url }));
    writeFileSync(
      join(place, 'edge.ts'),
      `import { readFileSync } from 'node:fs';
       import worker from './worker.ts';
       const body = readFileSync(process.argv[2]!);
       for (let i = 0; i < 2; i++) {
         const response = await worker.fetch(new Request('https://worker.dev/', { method: 'POST', body }));
         console.log(((await response.json()) as { label: string }).label);
       }`,
    );
    const seven = join(root, 'tools/release/fixtures/seven.png');
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', 'edge.ts', seven], {
      cwd: place,
    });
    expect(stdout).toBe('7\n7\n');
  } finally {
    await served.close();
  }
});
