import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename } from 'node:path';
import type { Packed } from './packages.js';

export interface Registry {
  readonly url: string;
  close(): Promise<void>;
}

/** Package managers may refuse recently published packages, so ours claim to be old. */
const PUBLISHED = '2020-01-01T00:00:00.000Z';

function describe({ name, version, manifest }: Packed, tarball: string, bytes: Buffer): string {
  const dist = {
    tarball,
    integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    shasum: createHash('sha1').update(bytes).digest('hex'),
  };
  return JSON.stringify({
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...manifest, dist } },
    time: { created: PUBLISHED, modified: PUBLISHED, [version]: PUBLISHED },
  });
}

/**
 * Serves a package registry with only the packed files, for one scope of an .npmrc. A consumer then installs packages
 * by name, including their dependencies on each other, as a user does.
 */
export async function serveTarballs(packages: readonly Packed[]): Promise<Registry> {
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '/').slice(1));
    const byName = packages.find(({ name }) => name === path);
    const byFile = packages.find(({ tarball }) => basename(tarball) === path);
    const found = byName ?? byFile;
    if (!found) return response.writeHead(404).end('{}');
    return readFile(found.tarball).then(
      (bytes) => {
        const body = byName ? describe(found, `${url}/${basename(found.tarball)}`, bytes) : bytes;
        response.writeHead(200, { 'content-type': byName ? 'application/json' : 'application/octet-stream' }).end(body);
      },
      () => response.writeHead(500).end('{}'),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
