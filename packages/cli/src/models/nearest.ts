/** Returns the number of insertions, deletions and substitutions between two strings (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** Drops case, dashes and underscores, which people confuse without meaning another name. */
const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** Returns the names most similar to what was typed, the closest first. */
export function nearest(typed: string, names: readonly string[], count = 3): string[] {
  const wanted = plain(typed);
  return names
    .map((name) => ({ name, away: distance(wanted, plain(name)) }))
    .sort((a, b) => a.away - b.away)
    .slice(0, count)
    .map(({ name }) => name);
}
