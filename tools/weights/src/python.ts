import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { CnnzooError } from '@cnnzoo/core';

const python = process.env.PYTHON ?? 'python3';
const scripts = fileURLToPath(new URL('../torch/', import.meta.url));

/** Returns true if the Python that `PYTHON` names (Default: python3) can import torch and torchvision. */
export const hasTorch = (): boolean =>
  spawnSync(python, ['-c', 'import nets'], { cwd: scripts, stdio: 'ignore' }).status === 0;

/** Runs a script of tools/weights/torch and returns its output. */
export function runPython(script: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(python, [script, ...args], {
    cwd: scripts,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status === 0) return stdout;
  throw new CnnzooError(
    'INPUT',
    `${script} failed under '${python}': ${error?.message ?? stderr.trim().split('\n').at(-1)}. ` +
      'It needs Python with tools/weights/torch/requirements.txt installed; PYTHON names another interpreter.',
  );
}
