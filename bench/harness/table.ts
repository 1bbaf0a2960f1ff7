import type { Results, Spread } from './suite.js';

/** Aligns the columns of rows: the first one to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n');
}

const three = ({ min, median, max }: Spread, digits: number): string[] =>
  [min, median, max].map((value) => value.toFixed(digits));

export function render({ title, notes, runs, peers, ratios, skipped }: Results): string {
  const figures = [...new Set(peers.flatMap((peer) => Object.keys(peer.figures)))];
  const parts = [`${title} (${runs} runs, alternating)`, ...notes.map((note) => `  ${note}`), ''];
  parts.push(
    table([
      ['', 'min ms', 'median', 'max', ...figures, 'cpu ms', 'process ms', 'peak MiB'],
      ...peers.map(({ name, ms, cpu, wall, peak, figures: times }) => [
        name,
        ...three(ms, 1),
        ...figures.map((figure) => times[figure]?.median.toFixed(0) ?? ''),
        cpu.median.toFixed(0),
        wall.median.toFixed(0),
        (peak.median / 2 ** 20).toFixed(0),
      ]),
    ]),
  );
  if (ratios.length > 0)
    parts.push(
      '',
      table([
        ['ratio, round by round', 'min', 'median', 'max', 'goal', ''],
        ...ratios.map(({ title, spread, goal }) => [
          title,
          ...three(spread, 2),
          goal === undefined ? '' : `<= ${goal}`,
          goal === undefined ? '' : spread.median <= goal ? 'met' : 'MISSED',
        ]),
      ]),
    );
  for (const reason of skipped) parts.push('', `skipped: ${reason}`);
  return parts.join('\n');
}
