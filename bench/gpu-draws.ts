/**
 * Counts the draws (WebGL) or dispatches (WebGPU) of one answer of ResNet-50, plain and compiled: `npx tsx bench/gpu-draws.ts
 * webgl|webgpu [size in pixels]`. Chromium runs the page on a GPU in software. Nothing is timed.
 */
import { openGpuPage } from '../test/gpu/in-page.js';

const gpu = process.argv[2] === 'webgpu' ? 'webgpu' : 'webgl';
const page = await openGpuPage([gpu]);
try {
  console.log(gpu, await page.run('draws', gpu, Number(process.argv[3] ?? 224)));
} finally {
  await page.close();
}
