import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Page } from 'playwright-core';
import { openChromium, openPage, SOFTWARE_GPU } from '../../tools/release/chromium.js';
import type * as program from './program.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { resolve } = createRequire(join(root, 'packages/core/package.json'));

/** Bundles the scenarios for a page that imports the named packages of backends before. */
async function bundle(backends: readonly string[]): Promise<string> {
  const imports = [...backends.map((name) => `@tensorflow/tfjs-backend-${name}`), './test/gpu/program.ts'];
  const { outputFiles } = await build({
    stdin: {
      contents: `${imports.map((path) => `import '${path}';`).join('\n')}
        import * as program from './test/gpu/program.ts';
        globalThis.program = program;`,
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
    // The workspace's tsconfig leads to the packages' sources by its `paths`; the platform alone is another.
    alias: {
      '#backends': join(root, 'packages/core/src/platform/browser/backends.ts'),
      '#platform': join(root, 'packages/core/src/platform/browser/index.ts'),
    },
    external: ['fs', 'path', 'util', 'worker_threads', 'perf_hooks', 'os', 'string_decoder', 'crypto'],
    plugins: [
      {
        // Packages of backends are core's, not the workspace's.
        name: 'backends',
        setup(esbuild) {
          esbuild.onResolve({ filter: /^@tensorflow\/tfjs-backend-web/ }, ({ path }) => ({
            path: join(resolve(`${path}/package.json`), '../dist/index.js'),
          }));
        },
      },
    ],
  });
  return outputFiles[0]!.text;
}

type Scenarios = typeof program;

/** Page in a Chromium whose GPU is software. */
export interface GpuPage {
  /** Runs a scenario in the page. */
  run<Name extends keyof Scenarios>(
    name: Name,
    ...args: Scenarios[Name] extends (...args: infer Args) => unknown ? Args : never
  ): Promise<Scenarios[Name] extends (...args: never[]) => Promise<infer Result> ? Result : never>;
  /** Lines that the page has printed as warnings and errors. */
  readonly complaints: string[];
  close(): Promise<void>;
}

/**
 * Opens a page with the scenarios.
 *
 * @param backends backends whose packages the page imports.
 * @param options flags of Chromium in place of those that give it a GPU; the host's name in the page's address; a script
 * that runs before the page's.
 */
export async function openGpuPage(
  backends: readonly string[],
  {
    flags = SOFTWARE_GPU,
    host = '127.0.0.1',
    script: before,
  }: { flags?: readonly string[]; host?: string; script?: string } = {},
): Promise<GpuPage> {
  const script = await bundle(backends);
  const files: Record<string, [type: string, content: string]> = {
    '/': [
      'text/html',
      '<!doctype html><link rel="icon" href="data:," /><script type="module" src="/page.js"></script>',
    ],
    '/page.js': ['text/javascript', script],
  };
  const server = createServer(({ url }, response) => {
    const [type, content] = files[url!] ?? ['text/plain', ''];
    response.writeHead(files[url!] ? 200 : 404, { 'content-type': type }).end(content);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const browser = (await openChromium(flags))!;
  const close = async () => {
    await browser.close();
    server.close();
    server.closeAllConnections();
  };
  try {
    const page: Page = await openPage(browser);
    if (before) await page.addInitScript(before);
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
    });
    page.on('pageerror', (error) => void complaints.push(String(error)));
    await page.goto(`http://${host}:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction(() => 'program' in globalThis);
    return {
      run: (name, ...args) =>
        page.evaluate(
          ([scenario, given]) =>
            (globalThis as unknown as { program: Record<string, (...args: unknown[]) => unknown> }).program[scenario]!(
              ...given,
            ),
          [name, args] as const,
        ) as never,
      complaints,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
