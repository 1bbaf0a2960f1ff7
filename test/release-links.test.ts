// repository, homepage and bugs of the packages, and the refusal to publish without an address.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { linksOf, NO_ADDRESS, repositoryAddress, withLinks } from '../tools/release/links.js';

const root = fileURLToPath(new URL('../', import.meta.url));

it('an address gives every link, after the licence, and replaces older ones', () => {
  const links = linksOf('https://github.com/someone/nets', 'packages/core');
  expect(links).toEqual({
    repository: { type: 'git', url: 'git+https://github.com/someone/nets.git', directory: 'packages/core' },
    homepage: 'https://github.com/someone/nets/tree/HEAD/packages/core#readme',
    bugs: { url: 'https://github.com/someone/nets/issues' },
  });
  const before = { name: 'a', homepage: 'old', license: 'MIT', type: 'module' };
  expect(Object.keys(withLinks(before, links))).toEqual(['name', 'license', 'repository', 'homepage', 'bugs', 'type']);
  expect(withLinks(before, links)).toMatchObject(links);
  expect(withLinks(before, linksOf(undefined, 'packages/core'))).toEqual({ name: 'a', license: 'MIT', type: 'module' });
});

it('`pnpm release` publishes nothing without an address', async () => {
  const { scripts } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  expect(scripts.release).toMatch(/^tsx tools\/release\/metadata\.ts --publish && /);
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'tools/release/metadata.ts', '--publish'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  if (await repositoryAddress()) expect(status).toBe(0);
  else {
    expect(status).toBe(1);
    expect(stderr).toContain(NO_ADDRESS);
  }
});
