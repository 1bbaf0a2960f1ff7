import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Directory whose node_modules holds a working @tensorflow/tfjs-node. The workspace itself never installs it. */
const directory = process.env.CNNZOO_TFJS_NODE;

it.skipIf(!directory)(
  `tfjs-node computes and trains as wasm does${directory ? '' : ' (skipped: CNNZOO_TFJS_NODE names no directory with a tfjs-node)'}`,
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('native-child.ts', import.meta.url))],
      {
        cwd: fileURLToPath(new URL('../../../../', import.meta.url)),
        // oneDNN fails with a division by zero if a virtual machine hides the sizes of its caches.
        env: {
          ...process.env,
          NODE_PATH: join(directory!, 'node_modules'),
          TF_ENABLE_ONEDNN_OPTS: '0',
          TF_CPP_MIN_LOG_LEVEL: '2',
        },
      },
    );
    const { differences, backends } = JSON.parse(stdout.trim().split('\n').at(-1)!) as {
      differences: Record<'lenet5_relu' | 'resnet18', { forward: number; step: number }>;
      backends: string[];
    };
    expect(backends).toEqual(['tensorflow', 'wasm', 'tensorflow', 'wasm']);
    const { lenet5_relu, resnet18 } = differences;
    expect(Math.max(lenet5_relu.forward, resnet18.forward)).toBeLessThanOrEqual(1e-5);
    expect(lenet5_relu.step).toBeLessThanOrEqual(1e-5);
    // A few of a million activations are so close to 0 that rounding decides whether ReLU passes their gradient. The
    // measured distance is 1e-3; with a wrong kernel it is 1.
    expect(resnet18.step).toBeLessThanOrEqual(1e-2);
  },
  300_000,
);
