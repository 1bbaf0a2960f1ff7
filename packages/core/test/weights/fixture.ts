import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Downloadable, Source } from '../../src/download/downloaded.js';
import type { Tuning } from '../../src/download/transfer.js';
import { sha256 } from './checkpoint.js';
import { TestServer } from './server.js';

/** The same rules as ever, with little to wait between attempts. */
export const QUICK: Tuning = { stallMs: 20_000, bytes: 256, attempts: 4, backoffMs: 5 };

/** And with little patience. */
export const IMPATIENT: Tuning = { ...QUICK, stallMs: 250 };

export interface Fixture {
  server: TestServer & { close(): Promise<void> };
  /** The cache directory, in an empty directory of its own. */
  cache: string;
  directory: string;
}

/** A server and an empty cache for each test, and an environment that is as before after it. */
export function useFixture(): Fixture {
  const fixture = {} as Fixture;
  const before = { CNNZOO_CACHE: process.env.CNNZOO_CACHE, CNNZOO_MIRROR: process.env.CNNZOO_MIRROR };
  beforeEach(async () => {
    fixture.directory = await mkdtemp(join(tmpdir(), 'cnnzoo-weights-'));
    fixture.cache = join(fixture.directory, 'cache');
    fixture.server = await TestServer.start();
    process.env.CNNZOO_CACHE = fixture.cache;
    delete process.env.CNNZOO_MIRROR;
  });
  afterEach(async () => {
    await fixture.server.close();
    await rm(fixture.directory, { recursive: true, force: true });
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return fixture;
}

/** The publisher's source of some bytes, named as torch.hub names files. */
export const published = (base: string, bytes: Uint8Array, name = 'net'): Source => {
  const hashPrefix = sha256(bytes).slice(0, 8);
  return { kind: 'publisher', url: `${base}/${name}-${hashPrefix}.safetensors`, hashPrefix };
};

export const pathOf = (source: Source): string => new URL(source.url).pathname;

export const entryOf = (...sources: Source[]): Downloadable => ({ model: 'net', name: 'V1', sources });

/** Everything in the cache by path, so that a test can tell that nothing changed. */
export async function contents(directory: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) files[path.slice(directory.length + 1)] = sha256(await readFile(path));
  }
  return files;
}
