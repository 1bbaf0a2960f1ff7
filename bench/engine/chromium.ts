/**
 * Runs a net in a page of Chromium: the files of the dtype argv[4] in argv[2]/argv[3], on the engine argv[5] (kernels or onnxruntime-web)
 * with argv[6] threads. The page is in argv[2], and onnxruntime-web in argv[2]/onnxruntime.
 */
import { openChromium, openPage } from '../../tools/release/chromium.js';
import { serve } from '../../tools/release/serve.js';
import type { InferenceTimes } from '../deploy/inference.js';
import { peakMemoryOf, type Report } from '../harness/report.js';

const [, , directory, model, dtype, engine, threads] = process.argv;
const server = await serve(directory!, true);
const browser = await openChromium();
try {
  const system = await browser!.newBrowserCDPSession();
  const page = await openPage(browser!);
  await page.exposeFunction('processorTime', async () => {
    const { processInfo } = await system.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0);
  });
  await page.goto(server.url);
  await page.waitForFunction('globalThis.measure');
  const runtime = engine === 'onnxruntime-web' ? ['/onnxruntime/ort.wasm.min.mjs'] : [];
  const times = await page.evaluate<InferenceTimes>(
    `measure(...${JSON.stringify([`/${model}/${dtype}`, Number(threads), ...runtime])})`,
  );
  const { processInfo } = await system.send('SystemInfo.getProcessInfo');
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => peakMemoryOf(id) ?? 0);
  console.log(JSON.stringify({ ...times, peak: Math.max(...peaks) } satisfies Report));
} finally {
  await browser?.close();
  await server.close();
}
