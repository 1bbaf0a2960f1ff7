/** The folders that a path lies in: 'a' and 'a/b' of 'a/b/1.png'. */
export const foldersAbove = (path: string): string[] =>
  [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));
