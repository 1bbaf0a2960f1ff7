/** Public exports whose docstring lacks a summary or, of functions and classes, an `@example`. */
import ts from 'typescript';
import { exportsOf, openLibrary } from './program.js';

type Lack = 'summary' | 'example';

const isCallable = (declaration: ts.Declaration): boolean => {
  if (ts.isFunctionDeclaration(declaration) || ts.isClassDeclaration(declaration)) return true;
  const value = ts.isVariableDeclaration(declaration) ? declaration.initializer : undefined;
  return value !== undefined && (ts.isArrowFunction(value) || ts.isFunctionExpression(value));
};

function lacks(checker: ts.TypeChecker, symbol: ts.Symbol): Lack[] {
  const found: Lack[] = [];
  if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === '') found.push('summary');
  const example = symbol
    .getJsDocTags(checker)
    .some(({ name, text }) => name === 'example' && ts.displayPartsToString(text).includes('```ts'));
  if (symbol.declarations?.some(isCallable) && !example) found.push('example');
  return found;
}

/** Lacking docstrings, as `entry name: summary` or `entry name: example`, in order. */
export function lackingDocstrings(): string[] {
  const library = openLibrary();
  const checker = library.program.getTypeChecker();
  return library.entries
    .flatMap((entry) =>
      exportsOf(library, entry).flatMap(({ name, symbol }) =>
        lacks(checker, symbol).map((lack) => `${entry.name} ${name}: ${lack}`),
      ),
    )
    .sort();
}
