import { readFile } from '../../read-file.js';

/** A file of lines of JSON: one that says how the run began, one for every step, one for every epoch. */
export class RunLog {
  private waiting = '';

  private constructor(private readonly path: string) {}

  /**
   * Adds a run to the file.
   * @param resumed the steps that the run goes on from: what the file says of later ones is taken back.
   */
  static async open(path: string, seed: number, resumed: number | undefined): Promise<RunLog> {
    const log = new RunLog(path);
    if (resumed !== undefined && (await log.takeBack(resumed))) return log;
    log.add({ event: 'start', seed });
    await log.flush();
    return log;
  }

  add(line: object): void {
    this.waiting += `${JSON.stringify(line)}\n`;
  }

  /** Writes what was added. */
  async flush(): Promise<void> {
    const text = this.waiting;
    this.waiting = '';
    if (!text) return;
    const { appendText } = await import('#platform');
    await appendText(this.path, text);
  }

  /** Whether the file had a run to go on with. */
  private async takeBack(steps: number): Promise<boolean> {
    const { namesIn, writeFileAtomic } = await import('#platform');
    const slash = Math.max(this.path.lastIndexOf('/'), this.path.lastIndexOf('\\'));
    const directory = slash < 0 ? '.' : this.path.slice(0, slash) || '/';
    if (!(await namesIn(directory)).includes(this.path.slice(slash + 1))) return false;
    const text = new TextDecoder().decode(await readFile(this.path));
    // The last line may be cut short.
    const lines = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
    const start = lines.findLastIndex((line) => line.startsWith('{"event":"start"'));
    if (start < 0) return false;
    const kept = lines.filter((line, i) => i <= start || (JSON.parse(line) as { steps: number }).steps <= steps);
    await writeFileAtomic(this.path, [new TextEncoder().encode(kept.map((line) => `${line}\n`).join(''))]);
    return true;
  }
}
