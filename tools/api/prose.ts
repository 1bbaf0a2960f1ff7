/** Faults of style in comments, messages and guides: beginnings and words that make a reader read twice. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './program.js';

/** A comment and the text of a tag begin with a verb in the third person, or with the noun that they define. */
const BEGINNING = '(?:What|Where|Of|That of|Those of|One that|Whether)\\b';
const LINE = new RegExp(`^(?:.*\\s)?//+ ?${BEGINNING}`);
const BLOCK = new RegExp(`/\\*\\*?\\s*(?:\\*\\s*)?${BEGINNING}`, 'g');
const TAG = new RegExp(`@(?:param\\s+[\\w.[\\]]+(?:\\s+-)?|returns|throws|defaultValue)\\s+${BEGINNING}`, 'g');

/** Words with a better one in every context: "Default: …", "To fix this: …", "before", "transposed". */
const WORDS =
  /\bunless given\b|\bWhat helps\b|\bin front of\b|\bturned (?:copy|copies|layout|tensors?|values|weights)\b/g;

/** Numbers, from 1, of the lines of a text that have a fault; a line with two is there twice. */
export function proseFaults(text: string, isCode: boolean): number[] {
  const lines = text.split('\n');
  const lineOf = (index: number): number => text.slice(0, index).split('\n').length;
  const found = [...text.matchAll(WORDS)].map(({ index }) => lineOf(index));
  if (!isCode) return found;
  // A comment that continues the line above may begin with any word.
  for (const [i, line] of lines.entries())
    if (LINE.test(line) && !(/^\s*\/\//.test(line) && /^\s*\/\//.test(lines[i - 1] ?? ''))) found.push(i + 1);
  for (const pattern of [BLOCK, TAG])
    for (const { index, 0: match } of text.matchAll(pattern)) found.push(lineOf(index + match.length));
  return found.sort((a, b) => a - b);
}

/** Area of a file: a package or tool, or the folder at the root. Finer ones would change with every move of a file. */
const areaOf = (path: string): string => {
  const parts = path.split('/');
  return ['packages', 'tools'].includes(parts[0]!) ? parts.slice(0, 2).join('/') : parts.length > 1 ? parts[0]! : '.';
};

/** Faults of all sources and guides by area, each as `file:line`. Decisions and changesets are history, and left out. */
export function proseFaultsByArea(): Record<string, string[]> {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
    .toString()
    .split('\0')
    .filter((path) => /\.(ts|mjs|md)$/.test(path) && !/^(docs\/decisions|\.changeset)\/|CHANGELOG\.md$/.test(path));
  const areas: Record<string, string[]> = {};
  for (const path of files.sort()) {
    if (!existsSync(join(root, path))) continue;
    const lines = proseFaults(readFileSync(join(root, path), 'utf8'), !path.endsWith('.md'));
    const area = areaOf(path);
    if (lines.length) areas[area] = [...(areas[area] ?? []), ...lines.map((line) => `${path}:${line}`)];
  }
  return areas;
}
