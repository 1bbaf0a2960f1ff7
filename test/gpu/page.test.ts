import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../tools/release/chromium.js';
import { expectEqual, expectLosses } from './expectations.js';
import { type GpuPage, openGpuPage } from './in-page.js';
import { NETS, TRAININGS } from './program.js';

const slow = process.env.CNNZOO_SLOW === '1';

describe.skipIf(!findChromium()).each(['webgl', 'webgpu'] as const)('%s in a page (needs Chromium)', (gpu) => {
  let page: GpuPage;

  beforeAll(async () => {
    page = await openGpuPage([gpu]);
  });
  afterAll(async () => {
    await page?.close();
  });

  it.each(Object.keys(NETS))('computes a net as wasm does, and compiled: %s', async (name) => {
    expectEqual(await page.run('forward', gpu, name));
  });

  it.each(Object.keys(TRAININGS))('trains a small net as wasm does: %s', async (name) => {
    expectEqual(await page.run('training', gpu, name));
  });

  it('fits with an average and early stopping as wasm does', async () => {
    expectEqual(await page.run('fitting', gpu));
  });

  it('a net keeps its values when backends change, in the middle of a training too', async () => {
    expectEqual(await page.run('moving', gpu));
  });

  it('sums many tensors', async () => {
    expectEqual(await page.run('sums', gpu));
  });

  it('a synchronous read gives the values, or throws', async () => {
    const result = await page.run('reading', gpu);
    if (gpu === 'webgl') expect(result).toBe('2');
    else expect(result).toMatch(/^BACKEND: .*can't be read synchronously.*await tensor\.data\(\)/);
  });

  // Before the faults, of which the browser itself prints lines.
  it('nothing of all this prints a warning', () => {
    expect(page.complaints).toEqual([]);
  });

  it.runIf(gpu === 'webgpu')('a fault of the device is an error, not zeros', async () => {
    const [code, message, name, two] = await page.run('tooLarge');
    expect([code, name, two]).toEqual(['BACKEND', 'webgpu', 'read 2']);
    expect(message).toMatch(/failed: .*[Bb]uffer.*useBackend\('webgpu'\)/s);
  });

  it('a lost GPU is an error each time, never a wrong answer or a hang', async () => {
    expectLosses(await page.run('losing', gpu, 6, 1), gpu, 6);
  });

  it.runIf(slow)('and so it is at twenty moments (CNNZOO_SLOW=1)', async () => {
    expectLosses(await page.run('losing', gpu, 20, 2), gpu, 20);
  });
});

describe.skipIf(!findChromium())('what a page lacks (needs Chromium)', () => {
  async function messages(
    backends: readonly string[],
    names: readonly Parameters<Awaited<ReturnType<typeof openGpuPage>>['run']>[1][],
    options?: Parameters<typeof openGpuPage>[1],
  ): Promise<string[]> {
    const page = await openGpuPage(backends, options);
    try {
      const texts: string[] = [];
      for (const name of names) texts.push(await page.run('message', name as 'wasm'));
      return texts;
    } finally {
      await page.close();
    }
  }

  it('a backend that is not imported', async () => {
    const [webgl, webgpu, both, first] = await messages([], [
      'webgl',
      'webgpu',
      ['webgpu', 'webgl'],
      ['webgpu', 'webgl', 'tfjs-node', 'wasm'],
    ] as never[]);
    expect(webgl).toMatch(/'webgl' can't be used: the page has not imported @tensorflow\/tfjs-backend-webgl/);
    expect(webgpu).toMatch(
      /not imported @tensorflow\/tfjs-backend-webgpu.*\n.*import '@tensorflow\/tfjs-backend-webgpu'/,
    );
    expect(both).toMatch(/None of these backends can be used:\n {2}webgpu: .*\n.*\n {2}webgl: /);
    expect(first).toBe('');
  });

  it('a page over plain http, a browser without WebGPU, and one that gives no GPU', async () => {
    const insecure = await messages(['webgpu'], ['webgpu'] as never[], {
      flags: ['--host-resolver-rules=MAP cnnzoo.test 127.0.0.1', '--enable-unsafe-webgpu'],
      host: 'cnnzoo.test',
    });
    expect(insecure[0]).toMatch(
      /loaded from http:\/\/cnnzoo\.test:\d+, which is not secure.\nServe the page over https/,
    );
    const [without] = await messages(['webgpu'], ['webgpu'] as never[], { script: 'delete Navigator.prototype.gpu;' });
    expect(without).toMatch(/this browser has no WebGPU.\nUpdate the browser/);
    const [webgpu, webgl] = await messages(['webgpu', 'webgl'], ['webgpu', 'webgl'] as never[], {
      flags: [],
      script: 'OffscreenCanvas.prototype.getContext = HTMLCanvasElement.prototype.getContext = () => null;',
    });
    expect(webgpu).toMatch(/has WebGPU, but no GPU that it lets the page use.\nTurn hardware acceleration on/);
    expect(webgl).toMatch(/this browser gives the page no WebGL.\nTurn hardware acceleration on/);
  });
});
