import { readFile } from '../../read-file.js';

/** Returns the number of steps in a line; undefined for a line that is damaged, or not of this log. */
function stepsIn(line: string): number | undefined {
  try {
    const { steps } = JSON.parse(line);
    return typeof steps === 'number' ? steps : undefined;
  } catch {
    return undefined;
  }
}

/** A file with lines of JSON: one for the beginning of a run, one for every step, one for every epoch. */
export class RunLog {
  private waiting = '';

  private constructor(private readonly path: string) {}

  /**
   * Opens the file, and adds a line for a run that begins.
   * @param resumed number of steps that the run continues from. Lines of later steps are removed. A run that was killed
   * before its first checkpoint begins anew, here too.
   */
  static async open(location: string | URL, seed: number, resumed: number | undefined): Promise<RunLog> {
    const { pathOf } = await import('#platform');
    const log = new RunLog(pathOf(location));
    const { lines, isCut } = await log.read();
    const start = lines.findLastIndex((line) => line.startsWith('{"event":"start"'));
    const continues = resumed !== undefined && start >= 0;
    const stays = (line: string, i: number): boolean => i <= start || (stepsIn(line) ?? 0) <= resumed!;
    const kept = continues ? lines.filter(stays) : lines;
    if (isCut || kept.length < lines.length) await log.rewrite(kept);
    if (continues) return log;
    log.add({ event: 'start', seed });
    await log.flush();
    return log;
  }

  /** Adds a line, which `flush` writes. */
  add(line: object): void {
    this.waiting += `${JSON.stringify(line)}\n`;
  }

  /** Writes the lines that were added. */
  async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    if (!text) return;
    const { appendText } = await import('#platform');
    await appendText(this.path, text);
  }

  /** Resolves to the whole lines of the file, none if there is no file. `isCut`: another line was cut short. */
  private async read(): Promise<{ lines: string[]; isCut: boolean }> {
    const { namesIn } = await import('#platform');
    const slash = Math.max(this.path.lastIndexOf('/'), this.path.lastIndexOf('\\'));
    const directory = slash < 0 ? '.' : this.path.slice(0, slash) || '/';
    if (!(await namesIn(directory)).includes(this.path.slice(slash + 1))) return { lines: [], isCut: false };
    const lines = new TextDecoder().decode(await readFile(this.path)).split('\n');
    const rest = lines.pop();
    return { lines, isCut: rest !== '' };
  }

  private async rewrite(lines: readonly string[]): Promise<void> {
    const { writeFileAtomic } = await import('#platform');
    await writeFileAtomic(this.path, [new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))]);
  }
}
