import { rmSync, statSync } from 'node:fs';
import { expect } from 'vitest';
import { exportOnnx } from '../src/index.js';
import { testExports } from './exports.js';
import { OnnxSession } from './onnx-runtime.js';

testExports('onnxruntime', async (net, path) => {
  const file = `${path}.onnx`;
  await exportOnnx(net, file);
  const session = await OnnxSession.open(file);
  expect(statSync(file).size).toBeLessThan(net.countParams() * 4 * 1.05 + 200_000);
  rmSync(file);
  return session;
});
