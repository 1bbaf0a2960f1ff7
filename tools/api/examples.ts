/** Type-checks the examples of docstrings and READMEs as modules of the workspace. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { exportsOf, hostWith, openLibrary, root, workspacePath } from './program.js';

/** A TypeScript block of a docstring's `@example` or of a Markdown file. */
export interface Example {
  /** The file that holds it, below the root. */
  readonly file: string;
  /** Line of the block's first line of code, from 1. */
  readonly line: number;
  readonly code: string;
}

/**
 * Names that an example may use without declaring them, so that it can show one thing. Each stands for what nearly
 * every reader has at hand; everything else an example imports or declares itself.
 */
const PRELUDE: Readonly<Record<string, string>> = {
  image: `declare const image: import('@cnnzoo/core').ImageInput;`,
  images: `declare const images: import('@cnnzoo/core').ImageInput[];`,
  signal: 'declare const signal: AbortSignal;',
  tf: `import * as tf from '@tensorflow/tfjs-core';`,
};

/** More such names for the READMEs, whose later blocks go on from earlier ones. */
const README_PRELUDE: Readonly<Record<string, string>> = {
  ...PRELUDE,
  categories: 'declare const categories: readonly string[];',
  data: `declare const data: import('@cnnzoo/core/data').Dataset;`,
  net: `declare const net: import('@cnnzoo/core').Classifier;`,
  optimizer: `declare const optimizer: import('@cnnzoo/core/train').Optimizer;`,
  test: `declare const test: import('@cnnzoo/core/data').Dataset;`,
  validation: `declare const validation: import('@cnnzoo/core/data').Dataset;`,
  x: `declare const x: import('@tensorflow/tfjs-core').Tensor4D;`,
};

function filesBelow(directory: string, fits: (path: string) => boolean): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => fits(path) && !/\/(node_modules|dist|generated)\//.test(path))
    .sort();
}

/** Sources of the packages, below the root. */
export const packageSources = (): string[] =>
  filesBelow('packages', (path) => /\/packages\/[\w-]+\/src\/.*\.ts$/.test(path)).map(workspacePath);

/** READMEs and guides with code that users copy. */
const guides = (): string[] =>
  [
    join(root, 'README.md'),
    ...filesBelow('packages', (path) => /\/packages\/[\w-]+\/README\.md$/.test(path)),
    ...filesBelow('docs', (path) => path.endsWith('.md') && !path.includes('/docs/decisions/')),
  ].map(workspacePath);

/** Blocks between ```ts and ``` of a text, which begins at `firstLine` of `file`. */
function blocks(file: string, text: string, firstLine = 1): Example[] {
  const found: Example[] = [];
  let open: { line: number; lines: string[] } | undefined;
  for (const [i, line] of text.split('\n').entries()) {
    if (!open && /^\s*```(ts|typescript)\s*$/.test(line)) open = { line: firstLine + i + 1, lines: [] };
    else if (open && /^\s*```\s*$/.test(line)) {
      found.push({ file, line: open.line, code: open.lines.join('\n') });
      open = undefined;
    } else open?.lines.push(line);
  }
  return found;
}

/** Examples in the docstrings of a source file: blocks of TypeScript after `@example`. */
export function docstringExamples(file: string, text: string): Example[] {
  const found: Example[] = [];
  for (const { 0: comment, index } of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const firstLine = text.slice(0, index).split('\n').length;
    // Code that holds a comment's end writes it as `*\/`.
    const plain = comment
      .slice(3, -2)
      .replace(/^[ \t]*\* ?/gm, '')
      .replaceAll('*\\/', '*/');
    for (const tag of plain.matchAll(/^[ \t]*@example\b[\s\S]*?(?=^[ \t]*@\w|(?![\s\S]))/gm))
      found.push(...blocks(file, tag[0], firstLine + plain.slice(0, tag.index).split('\n').length - 1));
  }
  return found;
}

/** All examples: those of docstrings, and of READMEs and guides. */
export function allExamples(): { docstrings: Example[]; guides: Example[] } {
  return {
    docstrings: packageSources().flatMap((file) => docstringExamples(file, readFileSync(join(root, file), 'utf8'))),
    guides: guides().flatMap((file) => blocks(file, readFileSync(join(root, file), 'utf8'))),
  };
}

interface Module {
  readonly example: Example;
  readonly path: string;
  readonly text: string;
  /** Lines before the example's first. */
  readonly before: number;
}

/** Names that the code uses but, as far as its own imports and declarations say, does not have. */
function freeNames(code: string): Set<string> {
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const named = parent as ts.Node & { readonly name?: ts.Node };
      if (ts.isPropertyAccessExpression(parent) && parent.name === node) return;
      if (ts.isPropertyAssignment(parent) && parent.name === node) return;
      if (ts.isShorthandPropertyAssignment(parent)) used.add(node.text);
      else if (named.name === node) declared.add(node.text);
      else used.add(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('names.ts', code, ts.ScriptTarget.ES2022, true));
  return new Set([...used].filter((name) => !declared.has(name)));
}

/** `import { a } from 'b'` for each public name that a block without imports uses. */
function missingImports(free: ReadonlySet<string>, byName: ReadonlyMap<string, string>): string[] {
  return [...free].filter((name) => byName.has(name)).map((name) => `import { ${name} } from '${byName.get(name)}';`);
}

function moduleOf(
  example: Example,
  index: number,
  prelude: Readonly<Record<string, string>>,
  byName?: ReadonlyMap<string, string>,
): Module {
  const free = freeNames(example.code);
  const fragment = byName && !/^\s*import\b/m.test(example.code);
  const imports = fragment ? missingImports(free, byName) : [];
  const lines = [...Object.entries(prelude).flatMap(([name, text]) => (free.has(name) ? [text] : [])), ...imports];
  return {
    example,
    // Beside its file, from where imports are resolved as that package's user would.
    path: join(root, dirname(example.file), `example-${index}.ts`),
    text: [...lines, example.code, 'export {};', ''].join('\n'),
    before: lines.length,
  };
}

function faultsOf(program: ts.Program, { example, path, before }: Module): string[] {
  const file = program.getSourceFile(path)!;
  return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((diagnostic) => {
    const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0);
    const message = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    return `${example.file}:${example.line + line - before}: ${message}`;
  });
}

/**
 * Type-checks the examples against the workspace's sources. An example of a docstring is a whole module, but for the
 * prelude's names. A block of a README that imports nothing may also use every public name of the packages.
 *
 * @returns Faults, as `file:line: message`; empty if all examples compile.
 */
export function checkExamples(docstrings: readonly Example[], guides: readonly Example[] = []): string[] {
  const library = openLibrary();
  const byName = new Map<string, string>();
  for (const entry of library.entries)
    for (const { name, symbol } of exportsOf(library, entry))
      if (symbol.flags & ts.SymbolFlags.Value && !byName.has(name)) byName.set(name, entry.name);
  const modules = [
    ...docstrings.map((example, i) => moduleOf(example, i, PRELUDE)),
    ...guides.map((example, i) => moduleOf(example, docstrings.length + i, README_PRELUDE, byName)),
  ];
  const texts = new Map(modules.map(({ path, text }) => [path, text]));
  const program = ts.createProgram([...texts.keys()], library.options, hostWith(library.options, texts));
  return modules.flatMap((module) => faultsOf(program, module));
}
