// Every package looks like every other, and the registry agrees with torchvision's published facts.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { alexnet } from '@cnnzoo/alexnet';
import { Dropout, defineModel, defineWeights, useBackend } from '@cnnzoo/core';
import { googlenet } from '@cnnzoo/googlenet';
import { nin, nin_cifar } from '@cnnzoo/nin';
import { vgg } from '@cnnzoo/vgg';
import { getModel, listModels } from 'cnnzoo';
import { describe, expect, it } from 'vitest';
import { linksOf, repositoryAddress, withLinks } from '../tools/release/links.js';
import published from './harness/torchvision-weights.json' with { type: 'json' };

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (path: string): string => readFileSync(`${root}${path}`, 'utf8');

interface Manifest {
  name: string;
  private?: boolean;
  main: string;
  types: string;
  exports: Record<string, string | { types: string; default: string }>;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional: boolean }>;
  [key: string]: unknown;
}
const manifest = (name: string): Manifest => JSON.parse(read(`packages/${name}/package.json`));

/** Published packages. The private one is bundled into the command. */
const packages = readdirSync(`${root}packages`).filter((name) => name !== 'report');
const families = packages.filter((name) => !['core', 'cli', 'deploy', 'kernels'].includes(name));

describe.each(packages)('packages/%s', (name) => {
  const { exports, main, dependencies = {}, peerDependencies = {}, ...rest } = manifest(name);

  it('is an ES module that require can load, under the MIT licence', () => {
    expect(rest).toMatchObject({ type: 'module', license: 'MIT', engines: { node: '>=20.19' } });
    expect(rest.private).toBeUndefined();
    // Bundlers may drop unused modules; a command exists for its effect.
    expect(rest.sideEffects).toEqual(rest.bin ? Object.values(rest.bin) : false);
    expect(rest.files).toContain('dist');
    expect(main).toBe('./dist/index.js');
    for (const [path, target] of Object.entries(exports))
      if (path !== './package.json') expect(Object.keys(target)).toEqual(['types', 'default']);
    for (const file of ['LICENSE', 'README.md', 'tsup.config.ts', 'src/index.ts', 'test'])
      expect(existsSync(`${root}packages/${name}/${file}`), file).toBe(true);
  });

  it('says what it is, and has the links of the workspace', async () => {
    expect(rest.description).toMatch(/^.{40,150}$/);
    const keywords = rest.keywords as string[];
    expect(keywords).toEqual(expect.arrayContaining(['cnnzoo', 'tensorflow.js', 'cnn']));
    expect(new Set(keywords).size).toBe(keywords.length);
    expect(withLinks(manifest(name), linksOf(await repositoryAddress(), `packages/${name}`))).toEqual(manifest(name));
  });

  // The command and the exports use core's insides, which are of one version alone.
  const rangeOf = (dependency: string): string => {
    if (!/^(@cnnzoo\/|cnnzoo$)/.test(dependency)) return 'catalog:';
    return ['cli', 'deploy'].includes(name) && dependency === '@cnnzoo/core' ? 'workspace:*' : 'workspace:^';
  };

  it('shares one tfjs with its user, and names what it needs', () => {
    const other = name === 'kernels' ? '@tensorflow/tfjs-backend-wasm' : '@tensorflow/tfjs-layers';
    expect(peerDependencies).toHaveProperty(['@tensorflow/tfjs-core']);
    expect(peerDependencies).toHaveProperty([other]);
    // The kernels and core's ops use internals of tfjs, so only tested versions are allowed.
    for (const [peer, version] of Object.entries(peerDependencies))
      if (peer.startsWith('@tensorflow/')) expect(version, peer).toBe('~4.22.0');
    for (const [dependency, version] of Object.entries(dependencies))
      expect(version, dependency).toBe(rangeOf(dependency));
    expect({ ...dependencies, ...peerDependencies }).not.toHaveProperty(['@tensorflow/tfjs']);
  });
});

describe.each(families)('packages/%s, a family', (name) => {
  it('has the shape of the others', () => {
    const files = readdirSync(`${root}packages/${name}/src`);
    expect(files).toEqual(expect.arrayContaining(['index.ts', 'models.ts', 'weights.ts', `${name}.ts`]));
    const { dependencies } = manifest(name);
    expect(Object.keys(dependencies!)).toEqual(['@cnnzoo/core']);
    for (const file of files.filter((each) => !['index.ts', 'models.ts', 'weights.ts', 'generated'].includes(each))) {
      const net = read(`packages/${name}/src/${file}`);
      expect(net, 'no weights, labels or preprocessing beside the architecture').not.toMatch(
        /https?:.*\.pth|categories|mean:/,
      );
      expect(net.split('\n').length, 'two screens').toBeLessThan(160);
    }
  });
});

it("every family exports core's door for users of its nets, and nothing in it is another thing than core's", async () => {
  const core: Record<string, unknown> = await import('@cnnzoo/core');
  const shared: Record<string, unknown> = await import('@cnnzoo/core/shared');
  expect(Object.keys(shared)).toEqual(expect.arrayContaining(['useBackend', 'Classifier', 'loadStateDict']));
  for (const [name, value] of Object.entries(shared)) expect(core[name], name).toBe(value);
  for (const family of families) {
    expect(read(`packages/${family}/src/index.ts`)).toContain("export * from '@cnnzoo/core/shared';");
    expect(read(`packages/${family}/README.md`)).toContain(`npm install @cnnzoo/${family}\n`);
    expect(await import(`@cnnzoo/${family}`)).toMatchObject(shared);
  }
});

it('every optional engine and codec of core is an optional peer', () => {
  const { peerDependencies, peerDependenciesMeta } = manifest('core');
  for (const name of ['@tensorflow/tfjs-node', '@tensorflow/tfjs-node-gpu', 'sharp']) {
    expect(peerDependencies).toHaveProperty([name]);
    expect(peerDependenciesMeta).toHaveProperty([name, 'optional'], true);
  }
});

describe('sources', () => {
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
    .toString()
    .split('\0')
    .filter((path) => path && existsSync(`${root}${path}`));
  const sources = tracked.filter((path) => /^packages\/.*\/src\/.*\.ts$/.test(path));

  /** The code of a file: examples in docstrings are a user's. */
  const codeOf = (path: string): string => read(path).replace(/^\s*\/\*\*.*?\*\//gms, '');

  it('keep Node out of what pages load', () => {
    // node-worker.ts is an entry of its own that only platform/node starts.
    const shared = sources.filter((path) => !/platform\/node\/|packages\/cli\/|\/node-worker\.ts$/.test(path));
    for (const path of shared) expect(codeOf(path), path).not.toMatch(/from 'node:|import\('node:/);
  });

  it('import tfjs by its parts', () => {
    for (const path of sources) expect(read(path), path).not.toMatch(/['"]@tensorflow\/tfjs['"]/);
  });

  it('know no address of their own but in platform/node: a bundle has none, or another', () => {
    for (const path of sources.filter((each) => !/platform\/node\/|packages\/cli\//.test(each)))
      expect(codeOf(path), path).not.toMatch(/(?<!["'`])import\.meta/);
  });

  it('core knows no architecture', () => {
    for (const path of sources.filter((each) => each.startsWith('packages/core/')))
      for (const family of families) expect(codeOf(path), path).not.toContain(`@cnnzoo/${family}`);
  });

  it("core's ops alone choose between kernels and tfjs", () => {
    const rest = sources.filter((path) => /^packages\/core\/src\/(?!ops\/|backend\/)/.test(path));
    expect(rest.length).toBeGreaterThan(100);
    for (const path of rest)
      expect(read(path), path).not.toMatch(/hasKernel|runKernel|getKernel|registerGradient|\bCnnzoo(?!Error\b)[A-Z]/);
  });

  it('read tensors asynchronously: a synchronous read is slow on a GPU, and on WebGPU wrong or refused', () => {
    const bySync = /\.(?:dataSync|arraySync|bufferSync|readSync|print)\b|\.toString\(true\)/;
    // Kernels of tfjs' GPU backends that read their inputs synchronously.
    const byKernel =
      /\btf\.(?:unique|topk|bincount|denseBincount|nonMaxSuppression\w*|sparse\w*|ragged\w*|string\w*)\b/;
    // platform reads files, and the backends' guard refuses reads.
    for (const path of sources.filter((each) => !/^packages\/core\/src\/(platform|backend)\//.test(each)))
      for (const pattern of [bySync, byKernel]) expect(read(path).match(pattern)?.[0], path).toBeUndefined();
  });

  it('reach the platform late by its door alone: bundlers warn of a module that some import late and others at once', () => {
    for (const path of sources.filter((each) => !each.endsWith('platform/late.ts')))
      expect(read(path), path).not.toContain("import('#platform')");
  });

  it('take values of another realm (jsdom, vm, Jest) for what they are: by bytes.ts, not by `instanceof`', () => {
    const byClass =
      /\binstanceof\s+(?:\w*Array(?:Buffer)?|ArrayBuffer|SharedArrayBuffer|DataView|Buffer|Map|Set|Blob|File|URL|Date|RegExp|Promise|Object|ImageData|ImageBitmap|\w+Canvas|HTML\w+|AbortSignal)\b/;
    for (const path of sources) expect(read(path).match(byClass)?.[0], path).toBeUndefined();
  });

  it('skip and focus no test', () => {
    for (const path of tracked.filter((each) => each.endsWith('.test.ts')))
      expect(read(path), path).not.toMatch(/\b(it|test|describe)\.(only|skip|todo)\b/);
  });

  it('hold no mark of a conflict that a merge has left', () => {
    for (const path of tracked.filter((each) => /\.(md|ts|json|ya?ml|mjs)$/.test(each)))
      expect(read(path).match(/^(<<<<<<<|>>>>>>>) .*/m)?.[0], path).toBeUndefined();
  });

  it('leave the address of no registry in the lockfile', () => {
    expect(read('pnpm-lock.yaml')).not.toMatch(/https?:\/\//);
  });

  it('name no registry and no place of the machine they were written on', () => {
    const places =
      /(?<![\w.:/@-])\/(?:work|tmp|opt|root|home|Users)\/\w|https?:\/\/(?:[\w-]+\.)*(?:registry|npmjs|pypi|pythonhosted)\b/;
    // Binary fixtures are checked too: pickles and images can contain paths.
    for (const path of tracked) expect(read(path).match(places)?.[0], path).toBeUndefined();
  });
});

describe.each(listModels())('weights of %s', (name) => {
  const { weights, numClasses } = getModel(name);
  const { DEFAULT, ...entries } = weights;

  it('have one default, and whole entries', () => {
    if (Object.keys(entries).length > 0) expect(Object.values(entries)).toContain(DEFAULT);
    for (const [key, entry] of Object.entries(entries)) {
      expect(entry).toMatchObject({ name: key, model: name });
      expect(entry.categories === null).toBe(entry.isBackbone === true);
      if (entry.categories) {
        expect(entry.categories.length).toBe(numClasses);
        expect(new Set(entry.categories).size).toBeGreaterThan(0.99 * numClasses);
      }
      expect(entry.sources.length).toBeGreaterThan(0);
      expect(entry.licence).not.toBe('');
      expect(entry.recipe).not.toBe('');
      for (const { kind, url, sha256, hashPrefix } of entry.sources) {
        if (kind === 'publisher') expect(url).toMatch(new RegExp(`-${hashPrefix}\\.(pth|th)$`));
        if (kind === 'publisher' && sha256) expect(sha256.startsWith(hashPrefix!)).toBe(true);
        if (kind === 'package') expect(sha256).toMatch(/^[0-9a-f]{64}$/);
      }
    }
  });
});

const torchvision = published.models as Record<string, Record<string, Record<string, unknown>>>;
const ours = listModels().filter((name) => name in torchvision);

it("the registry has torchvision's models and its 28 entries", () => {
  expect(new Set(ours)).toEqual(new Set(Object.keys(torchvision)));
  const entries = ours.flatMap((name) => Object.keys(getModel(name).weights).filter((key) => key !== 'DEFAULT'));
  expect(entries.length).toBe(28);
});

/** Nets trained on images that were not normalised with ImageNet's means and deviations. */
const PREPARED: Readonly<Record<string, { mean: number[]; std: number[] }>> = {
  'googlenet IMAGENET1K_V1': { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  'vgg16 IMAGENET1K_FEATURES': { mean: [0.48235, 0.45882, 0.40784], std: [1 / 255, 1 / 255, 1 / 255] },
};

it.each(ours)("%s: torchvision's facts", (name) => {
  const { DEFAULT, ...entries } = getModel(name).weights;
  expect(Object.keys(entries)).toEqual(Object.keys(torchvision[name]!));
  for (const [key, facts] of Object.entries(torchvision[name]!)) {
    const entry = entries[key]!;
    expect({
      url: entry.sources[0]!.url,
      num_params: entry.parameters,
      min_size: entry.minSize,
      recipe: entry.recipe,
      'acc@1': entry.metrics.values['ImageNet-1K']?.['acc@1'] ?? null,
      'acc@5': entry.metrics.values['ImageNet-1K']?.['acc@5'] ?? null,
      ops: entry.gflops,
      file_size: entry.fileSize,
      resize_size: entry.preprocessing.resize,
      default: entry === DEFAULT,
    }).toEqual(facts);
    expect(entry.metrics.measuredBy).toBe('torchvision');
    expect(entry.preprocessing).toMatchObject({
      crop: [224, 224],
      ...(PREPARED[`${name} ${key}`] ?? { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
    });
  }
});

it("a net's dropout has the published rate, or the one that is given", async () => {
  await useBackend('wasm');
  const small = defineModel({
    name: 'small',
    net: vgg({ blocks: [[1, 4]] }),
    head: 'classifier.6',
    inputShape: [224, 224, 3],
    numClasses: 1000,
    weights: defineWeights({}),
  });
  const published = [
    [alexnet, [0.5, 0.5]],
    [small, [0.5, 0.5]],
    [nin, [0.5]],
    [nin_cifar, [0.5, 0.5]],
    [googlenet, [0.2]],
  ] as const;
  for (const [build, expected] of published)
    for (const options of [{}, { dropout: 0.125 }]) {
      const net = build({ numClasses: 0, ...options });
      const rates = net.layers.filter((layer) => layer instanceof Dropout).map(({ rate }) => rate);
      expect(rates, build.name).toEqual(expected.map((rate) => options.dropout ?? rate));
      net.dispose();
    }
  expect(() => nin_cifar({ dropout: 1 })).toThrow(expect.objectContaining({ code: 'INPUT' }));
});
