import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { createLogger, createServer, build as viteBuild } from 'vite';
import { openPage } from './chromium.js';
import { serve } from './serve.js';

/** Builds a folder's page for production. A warning is a failure: users would see it in every build. */
export async function buildPage(directory: string, outDir = join(directory, 'dist')): Promise<string> {
  const warnings: string[] = [];
  const logger = createLogger('silent');
  logger.warn = (message) => void warnings.push(message);
  logger.warnOnce = logger.warn;
  await viteBuild({
    root: directory,
    configFile: false,
    logLevel: 'warn',
    customLogger: logger,
    build: { outDir, emptyOutDir: true, chunkSizeWarningLimit: Number.POSITIVE_INFINITY },
  });
  assert.deepEqual(warnings, [], 'vite build: expected no warnings');
  return outDir;
}

/** Opens the built page and checks its result. */
export async function checkBuilt(browser: Browser, site: string, isolated: boolean): Promise<void> {
  const server = await serve(site, isolated);
  try {
    const requested = await checkPage(browser, server.url, isolated);
    const weights = requested.filter((path) => path.includes('lenet5'));
    assert.match(weights.join(' '), /^\/assets\/lenet5_relu-[\w-]+\.js$/, 'the weights are a chunk of their own');
  } finally {
    await server.close();
  }
}

/** Opens the page in Vite's development server, which bundles only the dependencies. */
export async function checkDevelopment(browser: Browser, directory: string): Promise<void> {
  const server = await createServer({
    root: directory,
    configFile: false,
    logLevel: 'silent',
    server: { host: '127.0.0.1', port: 0 },
  });
  try {
    await server.listen();
    await checkPage(browser, server.resolvedUrls!.local[0]!, false);
  } finally {
    await server.close();
  }
}

/** Waits for the page's result and checks it. Returns the paths that the page requested. */
async function checkPage(browser: Browser, url: string, isolated: boolean): Promise<string[]> {
  const page = await openPage(browser);
  const complaints: string[] = [];
  const requested: string[] = [];
  page.on('console', (message) => {
    // Vite's development server says at level debug that it connects.
    if (message.type() !== 'debug') complaints.push(message.text());
  });
  page.on('pageerror', (error) => void complaints.push(String(error)));
  page.on('requestfailed', (request) => void complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => {
    requested.push(new URL(response.url()).pathname);
    if (response.status() >= 400) complaints.push(`${response.url()}: ${response.status()}`);
  });
  try {
    await page.goto(url);
    const output = page.locator('output[data-done]');
    await output.waitFor({ state: 'attached' }).catch((cause: unknown) => {
      throw new Error(`the page gave no answer; it said: ${complaints.join('\n') || 'nothing'}`, { cause });
    });
    assert.deepEqual(JSON.parse((await output.textContent()) ?? ''), {
      backend: 'wasm',
      isolated,
      labels: { 'seven.png': '7', 'seven.jpg': '7', 'seven.webp': '7', blob: '7' },
    });
    assert.deepEqual(complaints, [], 'expected no warnings, errors and failed requests');
    return requested;
  } finally {
    await page.context().close();
  }
}
