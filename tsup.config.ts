import type { Options } from 'tsup';

/** What every package is built with; a package's own tsup.config.ts names its entries. */
export const build = (entry: Record<string, string>, more: Options = {}): Options => ({
  entry,
  format: 'esm',
  target: 'es2022',
  splitting: true,
  clean: true,
  sourcemap: false,
  treeshake: true,
  // `#platform` is resolved by package.json `imports`, at run time or by the user's bundler.
  external: ['#platform'],
  dts: { compilerOptions: { ignoreDeprecations: '6.0' } },
  ...more,
});
