import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { createSession, inferenceGraph, quantize, saveGraph, saveQuantized } from '@cnnzoo/deploy';
import { lenet5_relu } from '@cnnzoo/lenet';
import type { Packed } from './packages.js';
import { run } from './run.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Packages that `@cnnzoo/deploy/classify` leads to. */
const NAMES = ['@cnnzoo/core', '@cnnzoo/deploy', '@cnnzoo/kernels'];

/** Puts a packed package into a project, and links what it depends on, without TensorFlow.js. */
async function unpack({ name, directory, tarball, manifest }: Packed, modules: string): Promise<void> {
  const target = join(modules, name);
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', target, '--strip-components=1'], modules);
  for (const dependency of Object.keys(manifest.dependencies ?? {})) {
    if (/^@(cnnzoo|tensorflow)\//.test(dependency)) continue;
    const link = join(target, 'node_modules', dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(await realpath(join(directory, 'node_modules', dependency)), link);
  }
}

/** Writes a net's graph, in float32 and 8 bits, and the predictions of sessions of the workspace's own packages. */
async function writeGraphs(directory: string): Promise<void> {
  await useBackend('wasm');
  const net = await lenet5_relu.pretrained();
  const image = here('fixtures/seven.png');
  const { graph } = await quantize(net, [image, here('fixtures/seven.jpg'), here('fixtures/seven.webp')]);
  await saveGraph(net, join(directory, 'float32.safetensors'));
  await saveQuantized(graph, join(directory, 'int8.safetensors'));
  const expected: Record<string, unknown> = {};
  for (const [name, each] of [['float32', inferenceGraph(net)] as const, ['int8', graph] as const]) {
    const session = await createSession(each, { engine: 'kernels', threads: 1 });
    const predictions = await session.classify(image);
    if (predictions[0]!.label !== '7') throw new Error(`${name}: expected a seven, received ${predictions[0]!.label}.`);
    expected[name] = predictions;
    await session.dispose();
  }
  net.dispose();
  await writeFile(join(directory, 'expected.json'), JSON.stringify(expected));
}

/** Opens graphs by the packed `@cnnzoo/deploy/classify` in plain Node, in a project that has no TensorFlow.js. */
export async function checkClassify(directory: string, packages: readonly Packed[]): Promise<void> {
  const modules = join(directory, 'node_modules');
  await mkdir(modules, { recursive: true });
  for (const packed of packages.filter(({ name }) => NAMES.includes(name))) await unpack(packed, modules);
  await writeGraphs(directory);
  await cp(here('fixtures'), join(directory, 'public'), { recursive: true });
  await cp(here('consumer/classify.mjs'), join(directory, 'classify.mjs'));
  await run(process.execPath, ['classify.mjs'], directory);
}
