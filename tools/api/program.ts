/** TypeScript's view of the workspace: the public entries of the packages, and programs over their sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('../../', import.meta.url));

export const workspacePath = (file: string): string => relative(root, file).replaceAll('\\', '/');

/** A module that users import, e.g. '@cnnzoo/core/train', and its source file. */
export interface Entry {
  readonly name: string;
  readonly package: string;
  readonly file: string;
}

/** Compiler options of the workspace's tsconfig.json, whose `paths` lead to the sources. */
export function compilerOptions(): ts.CompilerOptions {
  const path = join(root, 'tsconfig.json');
  const { config, error } = ts.readConfigFile(path, ts.sys.readFile);
  if (error) throw new Error(ts.flattenDiagnosticMessageText(error.messageText, '\n'));
  // `include` is left out, because only the imports of an entry or an example are read.
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, root);
  return { ...options, noEmit: true };
}

/**
 * Files that a program has read from the disk. Reading the declarations of TypeScript and tfjs again would take
 * seconds.
 */
const sources = new Map<string, ts.SourceFile | undefined>();

/** Returns a compiler host that reads `texts` by path, and every other file from the disk. */
export function hostWith(options: ts.CompilerOptions, texts: ReadonlyMap<string, string> = new Map()): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => texts.get(path) ?? readFile(path);
  host.getSourceFile = (path, languageVersion) => {
    const text = texts.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, languageVersion, true);
    if (!sources.has(path)) sources.set(path, getSourceFile(path, languageVersion));
    return sources.get(path);
  };
  return host;
}

/** The public entries, and a program over them. */
export interface Library {
  readonly options: ts.CompilerOptions;
  readonly entries: readonly Entry[];
  readonly program: ts.Program;
}

let library: Library | undefined;

/** Returns the workspace's public entries and a program over them, which is made once. */
export function openLibrary(): Library {
  if (library) return library;
  const options = compilerOptions();
  const entries = publicEntries(options);
  const files = entries.map(({ file }) => file);
  library = { options, entries, program: ts.createProgram(files, options, hostWith(options)) };
  return library;
}

/** Exports of an entry, each as the symbol that it stands for. */
export function exportsOf({ program }: Library, { file }: Entry): { name: string; symbol: ts.Symbol }[] {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  return checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** Public entries of all packages that are published, by their package.json's `exports`; `internal` ones are not public. */
export function publicEntries(options: ts.CompilerOptions): Entry[] {
  const entries: Entry[] = [];
  for (const directory of readdirSync(join(root, 'packages')).sort()) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', directory, 'package.json'), 'utf8')) as Manifest;
    if (manifest.private) continue;
    for (const path of Object.keys(manifest.exports)) {
      // Everything behind the doors for families is behind the main one too.
      if (['./package.json', './family', './shared'].includes(path) || path.startsWith('./internal')) continue;
      const name = manifest.name + path.slice(1);
      const { resolvedModule } = ts.resolveModuleName(name, join(root, 'tools/api/program.ts'), options, ts.sys);
      if (!resolvedModule || resolvedModule.resolvedFileName.includes('/dist/'))
        throw new Error(`${name}: expected tsconfig.json's paths to lead to its source, and they do not.`);
      entries.push({ name, package: manifest.name, file: resolvedModule.resolvedFileName });
    }
  }
  return entries;
}
