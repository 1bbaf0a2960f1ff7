import { CHECKS, type Check, type Outcome, type Result, type Row } from './row.js';

const NAMES = Object.keys(CHECKS) as Check[];

const INTRODUCTION = `# Runtimes, bundlers and test runners

Written by \`pnpm runtimes\`, which packs the packages, installs them in a project outside of this repository, and runs
every place of the table. \`pnpm runtimes 'Node 24, npm'\` runs one. The records, with what failed in full, are in
[tools/runtimes/results.json](../tools/runtimes/results.json); a place is added by one file in
[tools/runtimes/rows](../tools/runtimes/rows).

${NAMES.map((name) => `- **${name}**: ${CHECKS[name]}.`).join('\n')}

"–": the place has no such thing, for a reason below the table. "not run": nobody has run it with these packages.
`;

const cell = (outcome: Outcome | undefined): string => {
  if (outcome === undefined) return 'not run';
  if (outcome === 'ok') return 'ok';
  return outcome.startsWith('none') ? '–' : '**fails**';
};

const escaped = (text: string): string => text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');

function line({ name, needs }: Row, result: Result | undefined): string {
  const versions = Object.entries(result?.versions ?? {}).map(([tool, version]) => `${tool} ${version}`);
  const run = result && !result.notRun ? `${result.date}: ${versions.join(', ')}` : 'not run';
  return `| ${[name, ...NAMES.map((check) => cell(result?.checks[check])), needs, run].map(escaped).join(' | ')} |`;
}

function notes({ name }: Row, result: Result | undefined): string[] {
  if (!result) return [];
  if (result.notRun) return [`- ${name}: not run, since ${result.notRun}.`];
  return NAMES.flatMap((check) => {
    const outcome = result.checks[check];
    if (outcome === undefined || outcome === 'ok') return [];
    const [first] = outcome.replace(/^(none|failed): /, '').split('\n');
    return [`- ${name}, ${check}: ${outcome.startsWith('none') ? '' : 'fails: '}${first}.`.replace(/\.\.$/, '.')];
  });
}

/** Returns docs/runtimes.md. */
export function table(rows: readonly Row[], results: Readonly<Record<string, Result>>): string {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const parts = groups.map((group) => {
    const members = rows.filter((row) => row.group === group);
    const header = ['place', ...NAMES, 'what it needs', 'run on'];
    const below = members.flatMap((row) => notes(row, results[row.name]));
    return [
      `## ${group}\n`,
      `| ${header.join(' | ')} |`,
      `|${header.map(() => '---').join('|')}|`,
      ...members.map((row) => line(row, results[row.name])),
      ...(below.length ? ['', ...below] : []),
    ].join('\n');
  });
  return `${[INTRODUCTION, ...parts.map((part) => `${part}\n`)].join('\n')}`;
}
