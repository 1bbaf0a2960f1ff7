import type { Options } from 'tsup';

type CompilerOptions = Extract<Options['dts'], { compilerOptions?: unknown }>['compilerOptions'];

/** tsup passes TypeScript an option that TypeScript 6 calls deprecated. */
export const declarations = (compilerOptions: CompilerOptions = {}): Options['dts'] => ({
  compilerOptions: { ignoreDeprecations: '6.0', ...compilerOptions },
});

/** Returns the build options of every package. A package's own tsup.config.ts names its entries. */
export const build = (entry: Record<string, string>, more: Options = {}): Options => ({
  entry,
  format: 'esm',
  target: 'es2022',
  splitting: true,
  clean: true,
  sourcemap: true,
  treeshake: true,
  // `node:fs` stays that: without the prefix, bundlers look for a package of that name.
  removeNodeProtocol: false,
  // `#platform` is resolved by package.json `imports`, at run time or by the user's bundler.
  external: ['#platform'],
  dts: declarations(),
  ...more,
});
