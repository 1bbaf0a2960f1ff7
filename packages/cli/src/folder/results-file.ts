import { createReadStream } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { CnnzooError } from '@cnnzoo/core';
import { shownValue, writeNewFile } from '@cnnzoo/core/internal';
import type { Fault } from '../fault.js';
import type { RunFacts } from './run-facts.js';

/** Result of one image, a line of the file. */
export type ImageResult = { readonly image: string } & (
  | { readonly predictions: readonly { readonly label: string; readonly index: number; readonly score: number }[] }
  | { readonly error: Fault }
);

/** Line of a file. */
interface Line {
  readonly text: string;
  /** Offset of the byte after the line break. */
  readonly end: number;
}

const LINE_BREAK = 0x0a;

/** Most bytes of a line: a file of another kind may have no line breaks. */
const LONGEST_LINE = 2 ** 24;

/** Reads the whole lines of a file. Bytes after the last line break are left out. */
async function* linesOf(path: string): AsyncGenerator<Line, void, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  let start = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let at = rest.indexOf(LINE_BREAK); at >= 0; at = rest.indexOf(LINE_BREAK, from)) {
      yield { text: rest.toString('utf8', from, at), end: start + at + 1 };
      from = at + 1;
    }
    start += from;
    rest = rest.subarray(from);
    if (rest.length > LONGEST_LINE) return;
  }
}

/** Parses JSON of an object. undefined: it is none. */
function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads the first line of a file of results. Resolves to undefined if there is no file.
 *
 * @throws CnnzooError FILE if the file is none of results, which stays as it is.
 */
export async function readFacts(path: string): Promise<RunFacts | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  if (found.isFile())
    for await (const { text } of linesOf(path)) {
      const facts = parsed(text);
      if (facts?.run === 'cnnzoo classify') return facts as unknown as RunFacts;
      break;
    }
  throw new CnnzooError(
    'FILE',
    `'${path}' is no file that \`cnnzoo classify\` began, and it stays. Choose another name with --out.`,
  );
}

/** Names of the facts for messages. */
const MEANING: Readonly<Record<keyof RunFacts, string>> = {
  run: 'the command',
  version: 'the version of cnnzoo',
  model: 'the model',
  weights: 'the weights',
  net: "the net's layers, weights, categories or preprocessing (sha256)",
  engine: 'the engine',
  top: '--top',
  images: 'the number of images',
  list: "the images' paths or sizes (sha256)",
};

/**
 * Refuses to resume a run that had other facts.
 *
 * @throws CnnzooError INPUT that names the first fact that differs.
 */
export function requireSameRun(path: string, before: RunFacts, now: Partial<RunFacts>): void {
  for (const [key, value] of Object.entries(now) as [keyof RunFacts, unknown][])
    if (before[key] !== value)
      throw new CnnzooError(
        'INPUT',
        `'${path}' can't be resumed: ${MEANING[key]} was ${shownValue(before[key])} and is ${shownValue(value)}. ` +
          'Use what it was, or begin another file with --out.',
      );
}

/** File of results, a line of JSON for each image after a line of facts. Only ever grows by whole lines, unless it is cut off in between. */
export class ResultsFile {
  private constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private size: number,
    /** Images that have a result. */
    readonly done: number,
    /** Images whose result is an error. */
    readonly failed: number,
    /** Line of the last image that has a result. */
    readonly last: string | undefined,
  ) {}

  /**
   * Begins a file, or opens one that a run with the same facts began. Cuts off a line that was not written to its end.
   *
   * @throws CnnzooError FILE or INPUT for a file that is none of such a run; FORMAT for a line that is none of it.
   */
  static async open(path: string, facts: RunFacts, images: readonly string[]): Promise<ResultsFile> {
    const before = await readFacts(path);
    if (before) requireSameRun(path, before, facts);
    // Written as a whole: a file never begins with a part of the facts.
    else await writeNewFile(path, [Buffer.from(`${JSON.stringify(facts)}\n`)]);
    let [size, done, failed] = [0, -1, 0];
    let last: string | undefined;
    for await (const { text, end } of linesOf(path)) {
      if (done >= 0) {
        const result = parsed(text);
        if (!result || result.image !== images[done] || !('predictions' in result || 'error' in result))
          throw new CnnzooError(
            'FORMAT',
            `'${path}' can't be resumed: line ${done + 2} is not the result of '${images[done] ?? 'an image'}'. ` +
              'Remove it and the lines after it, or begin another file with --out.',
          );
        if ('error' in result) failed++;
        last = text;
      }
      done++;
      size = end;
    }
    const handle = await open(path, 'r+');
    try {
      await handle.truncate(size);
      return new ResultsFile(path, handle, size, done, failed, last);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Adds a line. */
  async append(line: string): Promise<void> {
    const { size } = await this.handle.stat();
    if (size !== this.size)
      throw new CnnzooError(
        'FILE',
        `'${this.path}' has ${size} bytes, expected ${this.size}: another program writes to it. Run one at a time.`,
      );
    const bytes = Buffer.from(`${line}\n`);
    try {
      for (let done = 0; done < bytes.length; )
        done += (await this.handle.write(bytes, done, bytes.length - done, this.size + done)).bytesWritten;
    } catch (cause) {
      throw new CnnzooError(
        'FILE',
        `Can't write to '${this.path}': ${(cause as Error).message}. Once it can be written to, the same command goes on.`,
        { cause },
      );
    }
    this.size += bytes.length;
  }

  /** Writes what the system still holds in memory to the disk, and closes the file. */
  async close(): Promise<void> {
    try {
      await this.handle.sync();
    } finally {
      await this.handle.close();
    }
  }
}
