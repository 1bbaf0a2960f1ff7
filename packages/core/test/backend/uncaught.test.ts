import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it("an error that nobody catches prints its message, not tfjs' minified module", async () => {
  const core = fileURLToPath(new URL('../../src/index.ts', import.meta.url));
  const program = `import { useBackend } from ${JSON.stringify(core)}; await useBackend('wasm'); throw new Error('a slip');`;
  const args = ['--import', 'tsx', '--input-type=module', '--eval', program];
  const cwd = fileURLToPath(new URL('../../../../', import.meta.url));
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd }).then(
    () => ({ stderr: '' }),
    (error: { stderr: string }) => error,
  );
  expect(stderr).toContain('Error: a slip');
  expect(stderr.length).toBeLessThan(4000);
});
