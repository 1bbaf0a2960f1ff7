/**
 * `pnpm metadata:write` copies the links into the packages. With `--publish`, it refuses to continue if they are
 * missing.
 */
import { NO_ADDRESS, repositoryAddress, syncLinks } from './links.js';

async function main(): Promise<void> {
  const publish = process.argv.includes('--publish');
  if (publish && (await repositoryAddress()) === undefined) throw new Error(NO_ADDRESS);
  const changed = await syncLinks(!publish);
  if (publish && changed.length)
    throw new Error(`${changed.join(', ')}: other links than the workspace's. To fix this: pnpm metadata:write`);
  if (!publish) console.log(changed.length ? `wrote ${changed.join(', ')}` : 'every package.json is up to date');
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
