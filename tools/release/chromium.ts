import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Flags that leave only the page: no sandbox (containers lack its prerequisites), no updates, no telemetry. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Flags that give Chromium a GPU in software, for WebGL and for WebGPU. */
export const SOFTWARE_GPU = [
  '--use-gl=angle',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
];

/** Longest wait for anything on a page, in milliseconds; long enough for a busy machine. */
export const PATIENCE = 300_000;

export const findChromium = (): string | undefined => CHROMIUM.find(existsSync);

/** Starts a browser of this machine; undefined if there is none. */
export async function openChromium(flags: readonly string[] = []): Promise<Browser | undefined> {
  const executablePath = findChromium();
  return executablePath
    ? chromium.launch({ executablePath, args: [...FLAGS, ...flags], timeout: PATIENCE })
    : undefined;
}

/** Opens a page with storage of its own. Its waits end after `PATIENCE`. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  return context.newPage();
}
