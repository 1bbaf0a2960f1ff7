import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Options } from 'tsup';

type CompilerOptions = Extract<Options['dts'], { compilerOptions?: unknown }>['compilerOptions'];

/** Global classes that the declarations name, and that programs without TypeScript's DOM library may lack. */
const GLOBALS = [
  ...['AbortSignal', 'Blob', 'File', 'ImageBitmap', 'ImageData', 'OffscreenCanvas', 'Response', 'URL'],
  ...['HTMLCanvasElement', 'HTMLImageElement', 'HTMLVideoElement', 'VideoFrame', 'ReadableStream<_>'],
];

/**
 * Names of these classes in a file of declarations: the class if the program has it, else never. A name that is not
 * found would be `any`, which takes a whole union along; and @webgpu/types, which tfjs-core brings, declares some of
 * them as empty interfaces, which every value fits.
 */
const aliases = GLOBALS.map(
  (name) =>
    `type ${name} = typeof globalThis extends { ${name.replace('<_>', '')}: { prototype: infer T } } ? T : never;`,
).join('\n');

/** tsup passes TypeScript an option that TypeScript 6 calls deprecated. */
export const declarations = (compilerOptions: CompilerOptions = {}): Options['dts'] => ({
  banner: aliases,
  compilerOptions: { ignoreDeprecations: '6.0', ...compilerOptions },
});

/** Empties the source maps of files that are modules (tools/inline.mjs): they would contain the file a second time. */
async function emptyMaps(): Promise<void> {
  for (const name of await readdir('dist')) {
    if (
      !name.endsWith('.js') ||
      !/^\/\/ src\/generated\/|^var packed = /.test(await readFile(join('dist', name), 'utf8'))
    )
      continue;
    await writeFile(join('dist', `${name}.map`), '{"version":3,"sources":[],"mappings":""}');
  }
}

/** Options of tsup, and work at the end of the build. */
export type BuildOptions = Omit<Options, 'onSuccess'> & { readonly done?: () => Promise<void> };

/** Returns the build options of every package. A package's own tsup.config.ts names its entries. */
export const build = (
  entry: Record<string, string>,
  { done = async () => {}, ...more }: BuildOptions = {},
): Options => ({
  entry,
  format: 'esm',
  target: 'es2022',
  splitting: true,
  clean: true,
  sourcemap: true,
  treeshake: true,
  // `node:fs` stays that: without the prefix, bundlers look for a package of that name.
  removeNodeProtocol: false,
  // They are resolved by package.json `imports`, at run time or by the user's bundler.
  external: ['#platform', '#backends'],
  dts: declarations(),
  ...more,
  onSuccess: async () => {
    await emptyMaps();
    await done();
  },
});
