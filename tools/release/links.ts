/**
 * The addresses in every package.json (`repository`, `homepage`, `bugs`) come from one place: `repository` of the
 * workspace's package.json, `https://github.com/OWNER/NAME`. `pnpm metadata:write` copies them into the packages.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { publishable, root } from './packages.js';

export type Manifest = Readonly<Record<string, unknown>>;

/** Fields of a package.json that hold an address. */
const FIELDS = ['repository', 'homepage', 'bugs'] as const;

export type Links = Readonly<Partial<Record<(typeof FIELDS)[number], unknown>>>;

export const NO_ADDRESS =
  "package.json (the workspace's) has no `repository`, so no package names one, and `pnpm release` publishes nothing: " +
  'npm\'s provenance needs it. To fix this: add `"repository": "https://github.com/OWNER/NAME"` and run ' +
  '`pnpm metadata:write`.';

/** Address of the repository, or undefined if package.json names none yet. */
export async function repositoryAddress(): Promise<string | undefined> {
  const { repository } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
  if (repository === undefined) return undefined;
  if (typeof repository === 'string' && /^https:\/\/github\.com\/[\w.-]+\/[\w.-]+(?<!\.git)$/.test(repository))
    return repository;
  throw new Error(
    `package.json: expected repository "https://github.com/OWNER/NAME", received ${JSON.stringify(repository)}. ` +
      'For another host, extend tools/release/links.ts.',
  );
}

/** Links of the package in `directory` (below the root, as in `packages/core`); none without an address. */
export function linksOf(address: string | undefined, directory: string): Links {
  if (address === undefined) return {};
  return {
    repository: { type: 'git', url: `git+${address}.git`, directory },
    homepage: `${address}/tree/HEAD/${directory}#readme`,
    bugs: { url: `${address}/issues` },
  };
}

/** Returns the manifest with these links and no others, after `license`. */
export function withLinks(manifest: Manifest, links: Links): Manifest {
  const others = Object.entries(manifest).filter(([name]) => !(FIELDS as readonly string[]).includes(name));
  return Object.fromEntries(
    others.flatMap((field) => (field[0] === 'license' ? [field, ...Object.entries(links)] : [field])),
  );
}

/** Copies the links into every package, or returns what that would change if `write` is false. */
export async function syncLinks(write: boolean): Promise<string[]> {
  const address = await repositoryAddress();
  const changed: string[] = [];
  for (const directory of await publishable()) {
    const path = join(directory, 'package.json');
    const before = await readFile(path, 'utf8');
    const links = linksOf(address, relative(root, directory));
    const after = `${JSON.stringify(withLinks(JSON.parse(before) as Manifest, links), null, 2)}\n`;
    if (after === before) continue;
    changed.push(relative(root, path));
    if (write) await writeFile(path, after);
  }
  return changed;
}
