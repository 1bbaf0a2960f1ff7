import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

// Runs on packages/*/dist, which users get: `pnpm test` builds first.
const root = fileURLToPath(new URL('..', import.meta.url));

interface Bundle {
  /** Code that a program loads before its first call: the entry and the chunks that it imports statically. */
  readonly eager: string;
  /** Code that calls load later. */
  readonly lazy: string;
}

/** Bundles and minifies a program as an application's build would, without tfjs. */
async function bundle(platform: 'browser' | 'node', program: string): Promise<Bundle> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform,
    target: 'es2022',
    external: ['@tensorflow/*', 'sharp'],
    outdir: 'out',
    absWorkingDir: root,
    write: false,
    metafile: true,
    logLevel: 'silent',
    // The workspace's own tsconfig would lead to the sources.
    tsconfigRaw: '{}',
  });
  const { outputs } = metafile;
  const eager = new Set<string>();
  const visit = (path: string): void => {
    if (eager.has(path)) return;
    eager.add(path);
    for (const { path: next, kind, external } of outputs[path]!.imports)
      if (kind === 'import-statement' && !external) visit(next);
  };
  visit(Object.keys(outputs).find((path) => outputs[path]!.entryPoint === '<stdin>')!);
  const text = (wanted: boolean): string =>
    outputFiles
      .filter(({ path }) => eager.has(path.slice(join(root, '/').length)) === wanted)
      .map((file) => file.text)
      .join('\n');
  return { eager: text(true), lazy: text(false) };
}

/** `toContain` would print the whole bundle if it failed. */
const wordsIn = (text: string, words: readonly string[]): string[] => words.filter((word) => text.includes(word));

/** Words, by module that a builder must not pull in, which occur only there and survive minification. */
const HEAVY: Record<string, readonly string[]> = {
  'pickle reader': ['_rebuild_tensor_v2'],
  'zip reader': ['is not a whole zip archive'],
  'safetensors reader': ['is not a whole safetensors file'],
  download: ['content-range', 'could not be fetched. Tried:'],
  'preprocessing of images': ['means and as many standard deviations', 'a VideoFrame or a Tensor3D'],
};
const HEAVY_ON: Record<'browser' | 'node', Record<string, readonly string[]>> = {
  browser: {
    'cache of a browser': ['caches.open('],
    'codecs of a browser': ['tjDecompress2', "decoder can't start"],
    'backends of a browser': ['tfjs-backend-wasm-simd.wasm'],
  },
  node: {
    'cache of Node': ['CNNZOO_CACHE', 'node:fs/promises'],
    'codecs of Node': ['"sharp"', 'tjDecompress2', "decoder can't start"],
    'backends of Node': ['tfjs-node-gpu'],
  },
};

describe.each(['browser', 'node'] as const)("import { resnet18 } from '@cnnzoo/resnet', for %s", async (platform) => {
  const { eager, lazy } = await bundle(platform, "import { resnet18 } from '@cnnzoo/resnet'; console.log(resnet18);");

  it.each(Object.entries({ ...HEAVY, ...HEAVY_ON[platform] }))('loads the %s only when called', (_, words) => {
    expect(wordsIn(lazy, words)).toEqual(words);
    expect(wordsIn(eager, words)).toEqual([]);
  });

  it('holds no other variant', () => {
    expect(wordsIn(eager, ['resnet18-f37072fd.pth', 'resnet152', 'wide_resnet'])).toEqual(['resnet18-f37072fd.pth']);
  });

  it('stays small', () => {
    // 48.2 KB when this was measured, of which 10.5 KB are ImageNet's categories; every layer and what runs them on kernels
    // is among the rest, since
    // esbuild's splitting takes what an import could reach, and `load` can meet any.
    expect(eager.length).toBeLessThan(50_000);
  });
});

describe("import { lenet5 } from '@cnnzoo/lenet'", async () => {
  const { eager, lazy } = await bundle('browser', "import { lenet5 } from '@cnnzoo/lenet'; console.log(lenet5);");

  it('holds neither the other variant nor what only ImageNet nets need', () => {
    const words = ['lenet5.safetensors', 'lenet5_relu', 'goldfish', 'download.pytorch.org'];
    expect(wordsIn(eager, words)).toEqual(['lenet5.safetensors']);
    // Its weights are 306 KB of text.
    expect(eager.length).toBeLessThan(100_000);
    expect(lazy.length).toBeGreaterThan(300_000);
  });
});

describe("import { openClassifier } from '@cnnzoo/deploy/classify'", async () => {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: "import { openClassifier } from '@cnnzoo/deploy/classify'; console.log(openClassifier);",
      resolveDir: root,
    },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    outdir: 'out',
    absWorkingDir: root,
    write: false,
    metafile: true,
    logLevel: 'silent',
    tsconfigRaw: '{}',
  });
  const { outputs } = metafile;
  const gzipped = new Map(
    outputFiles.map(({ path, contents }) => [
      path.slice(join(root, '/').length),
      gzipSync(contents, { level: 9 }).length,
    ]),
  );

  /** Files that the page loads: those that it imports at once, and those that it imports late for an image of a format. */
  function loaded(late: RegExp): Set<string> {
    const found = new Set<string>();
    const visit = (path: string): void => {
      if (found.has(path)) return;
      found.add(path);
      for (const { path: next, kind } of outputs[path]!.imports)
        if (kind === 'import-statement' || late.test(outputs[next]!.entryPoint ?? '')) visit(next);
    };
    visit(Object.keys(outputs).find((path) => outputs[path]!.entryPoint === '<stdin>')!);
    return found;
  }
  const bytesOf = (late: RegExp): number => [...loaded(late)].reduce((sum, path) => sum + gzipped.get(path)!, 0);

  it('holds no TensorFlow.js, and nothing of exports, not even late', () => {
    const foreign = Object.keys(metafile.inputs).filter((path) =>
      /tensorflow|onnx|protobuf|dagre|graph-model|tfjs/.test(path),
    );
    expect(foreign).toEqual([]);
  });

  it('loads at most 100 KB of script and WebAssembly with a JPEG, compressed by gzip', () => {
    const jpeg = /\/(codecs?|jpeg|jpeg-turbo)-\w+\.js$/;
    // The decoder's WebAssembly is among them.
    expect([...loaded(jpeg)].filter((path) => path.includes('jpeg-turbo'))).toHaveLength(1);
    // 96.3 KB when this was measured, of which 35.4 are the decoder of JPEG.
    expect(bytesOf(jpeg)).toBeLessThan(100_000);
    // 72.4 KB with zlib for PNG, and less for the pixels of a page.
    expect(bytesOf(/\/(codecs?|png)-\w+\.js$/)).toBeLessThan(80_000);
  });
});

it('an import that is not used leaves nothing behind', async () => {
  const { eager } = await bundle(
    'browser',
    `import { resnet18 } from '@cnnzoo/resnet';
     import { lenet5 } from '@cnnzoo/lenet';
     import { load } from '@cnnzoo/core';
     import { train } from '@cnnzoo/core/train';
     import { getModel } from 'cnnzoo';
     console.log('alone');`,
  );
  // Newer tfjs modules may have side effects, so their bare imports may stay; ours may not.
  expect(eager.replace(/import"@tensorflow\/[\w-]+";/g, '').trim()).toBe('console.log("alone");');
});
