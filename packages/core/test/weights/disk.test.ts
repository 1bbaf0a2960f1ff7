import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readStateDict } from '../../src/index.js';
import { writeFileAtomic } from '../../src/platform/node/files.js';
import { sha256, synthetic } from './checkpoint.js';
import { downloadFile } from './download-file.js';
import { contents, entryOf, pathOf, published, QUICK, useFixture } from './fixture.js';
import { serveFile } from './server.js';

const fixture = useFixture();

async function obtain(name: string) {
  const { server } = fixture;
  const bytes = synthetic(40_000, name.length);
  const source = published(server.url, bytes);
  server.routes.set(pathOf(source), serveFile(bytes));
  const { file, ...rest } = await downloadFile({ ...entryOf(source), name }, {}, QUICK);
  await file.close();
  return rest;
}

// Every write to /dev/full fails as on a full disk; only Linux has it.
it.runIf(process.platform === 'linux')('a full disk is said, and left as it was', async () => {
  const { cache } = fixture;
  await obtain('GOOD');
  const before = await contents(cache);
  await symlink('/dev/full', join(cache, 'net', 'V1.part'));
  await expect(obtain('V1')).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringContaining('the disk is full'),
  });
  expect(await contents(cache)).toEqual(before);
  expect(await readdir(join(cache, 'net'))).toHaveLength(2);
});

/** Makes a directory read-only, also for root, whom modes don't stop; undefined where that can't be done. */
async function lockDown(directory: string): Promise<(() => Promise<void>) | undefined> {
  if (process.getuid?.() !== 0) {
    await chmod(directory, 0o555);
    return () => chmod(directory, 0o755);
  }
  try {
    execFileSync('mount', ['--bind', directory, directory], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'remount,bind,ro', directory], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  return async () => void execFileSync('umount', [directory]);
}

it('a cache that can not be written to says so, and still gives what it holds', async (context) => {
  const { cache } = fixture;
  await obtain('GOOD');
  const undo = await lockDown(join(cache, 'net'));
  if (!undo) return context.skip('root may neither be kept from writing nor mount here');
  try {
    expect(await obtain('GOOD')).toMatchObject({ verified: true, sha256: sha256(synthetic(40_000, 4)) });
    await expect(obtain('V2')).rejects.toMatchObject({ code: 'FILE', message: expect.stringMatching(/CNNZOO_CACHE/) });
  } finally {
    await undo();
  }
  expect(await readdir(join(cache, 'net'))).toHaveLength(2);
});

it('a directory in the place of the kept file is said', async () => {
  const { server, cache } = fixture;
  await mkdir(join(cache, 'net', pathOf(published(server.url, synthetic(40_000, 2)))), { recursive: true });
  await expect(obtain('V1')).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining(cache) });
});

it.skipIf(process.platform === 'win32')('a pipe or a device is no file, and is not waited for', async () => {
  const pipe = join(fixture.directory, 'net.safetensors');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/null', '/dev/zero'])
    await expect(readStateDict(path)).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('pipe') });
});

it('a directory above that can not be made is said, not tried for ever', async () => {
  await writeFile(join(fixture.directory, 'file'), '');
  const places = [join(fixture.directory, 'file', 'a', 'b.safetensors')];
  if (process.platform === 'linux') places.push('/proc/nobody/a/b.safetensors');
  for (const path of places) await expect(writeFileAtomic(path, [])).rejects.toMatchObject({ code: 'FILE' });
  const deep = join(fixture.directory, 'a', 'b', 'c.bin');
  await Promise.all([1, 2, 3].map((i) => writeFileAtomic(`${deep}${i}`, [Uint8Array.of(i)])));
  expect(await readdir(join(fixture.directory, 'a', 'b'))).toHaveLength(3);
});
