import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Nothing but the page: no sandbox (containers lack what it needs), no updates, no telemetry. */
const FLAGS = [
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Longest wait for anything of a page, in ms: long enough for a machine that does other work. */
export const PATIENCE = 300_000;

export const findChromium = (): string | undefined => CHROMIUM.find(existsSync);

/** Starts a browser of this machine. Undefined if there is none. */
export async function openChromium(flags: readonly string[] = []): Promise<Browser | undefined> {
  const executablePath = findChromium();
  return executablePath
    ? chromium.launch({ executablePath, args: [...FLAGS, ...flags], timeout: PATIENCE })
    : undefined;
}

/** Opens a page with storage of its own, whose waits end after `PATIENCE`. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  return context.newPage();
}
