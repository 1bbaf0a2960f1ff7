import { namesIn, removeFiles, requireWritable, writeFileAtomic } from '#platform';
import type { StateDict } from '../../checkpoint/index.js';
import { CnnzooError, checkWhole, isUrl, warn } from '../../util/index.js';
import type { CheckpointOptions } from './options.js';
import type { TrainingCheckpoint } from './training-checkpoint.js';

const FORMAT = 1;
const KEY = 'cnnzoo.fit';
/** Metadata key of the sha256 of note and tensors; absent in old checkpoints. */
const CHECKSUM = 'cnnzoo.fit.sha256';
const NAME = /^step-(\d+)\.safetensors$/;
/** Names of files that an atomic write leaves if its process is killed. */
const TEMPORARY = /^\.step-\d+\.safetensors\.[0-9a-f]+\.tmp$/;

/** Puts a prefix before each key. */
const under = (prefix: string, state: StateDict | undefined): StateDict =>
  new Map(Array.from(state ?? [], ([key, tensor]) => [`${prefix}.${key}`, tensor]));

/** Returns the tensors under a prefix, without it. */
const part = (state: StateDict, prefix: string): StateDict =>
  new Map(
    [...state].flatMap(([key, tensor]) =>
      key.startsWith(`${prefix}.`) ? [[key.slice(prefix.length + 1), tensor]] : [],
    ),
  );

/** Returns the key of the first tensor with a value that is not finite; undefined if all are finite. */
function notFinite(state: StateDict): string | undefined {
  // NaN and infinity less themselves are NaN. A loop: tensors are large.
  for (const [key, { data, dtype }] of state)
    if (dtype === 'float32') for (const value of data as Float32Array) if (value - value !== 0) return key;
  return undefined;
}

const stepsOf = (name: string): number => Number(NAME.exec(name)?.[1]);

/** The training checkpoints in a directory. Each is one file, which is there whole or not at all. */
export class Checkpoints {
  private constructor(
    private readonly directory: string,
    readonly everySteps: number,
    private readonly keep: number,
  ) {}

  /** @throws CnnzooError FILE if the directory can't be written to. */
  static async open(options: string | URL | CheckpointOptions): Promise<Checkpoints> {
    const {
      directory,
      everySteps = Number.POSITIVE_INFINITY,
      keep = 3,
    } = typeof options === 'string' || isUrl(options) ? { directory: options } : options;
    if (everySteps !== Number.POSITIVE_INFINITY) checkWhole('everySteps', everySteps, 1);
    checkWhole('keep', keep, 1);
    const path = await requireWritable(directory);
    return new Checkpoints(path.replace(/[\\/]+$/, ''), everySteps, keep);
  }

  /**
   * Reads the newest checkpoint; undefined if there is none. A damaged file gives way to the one before, with a warning.
   * @throws CnnzooError FORMAT if there are checkpoints and none of them can be read.
   */
  async newest(): Promise<TrainingCheckpoint | undefined> {
    const faults: string[] = [];
    for (const name of await this.names()) {
      try {
        return await this.read(name);
      } catch (error) {
        const fault = `'${this.directory}/${name}': ${error instanceof Error ? error.message : error}`;
        faults.push(fault);
        warn(`a checkpoint can't be read and is left out: ${fault}`);
      }
    }
    if (faults.length === 0) return undefined;
    throw new CnnzooError(
      'FORMAT',
      `fit: none of the checkpoints in '${this.directory}' can be read. Restore one, or begin anew in another directory.` +
        faults.map((fault) => `\n  ${fault}`).join(''),
    );
  }

  /** Refuses a directory that holds the checkpoints of another training. */
  async requireNone(): Promise<void> {
    const [name] = await this.names();
    if (name === undefined) return;
    throw new CnnzooError(
      'INPUT',
      `fit: '${this.directory}' holds checkpoints of a training already (${name}). Go on with it by resume: true, or ` +
        'name another directory.',
    );
  }

  /**
   * Writes a checkpoint, and removes those that are older than the newest to keep.
   * @param steps number of steps taken in the whole training.
   * @throws CnnzooError TRAINING for values that are not finite: no training could continue from them.
   */
  async write(state: TrainingCheckpoint, steps: number): Promise<void> {
    const { model, optimizer, ema, best, ...plain } = state;
    const tensors: StateDict = new Map([
      ...under('model', model),
      ...under('optimizer', optimizer),
      ...under('ema', ema),
      ...under('best', best?.weights),
    ]);
    const bad = notFinite(tensors);
    if (bad !== undefined)
      throw new CnnzooError(
        'TRAINING',
        `No checkpoint is written after ${steps} steps, because '${bad}' is not finite. Lower the learning rate, and go ` +
          'on from the checkpoint before or begin anew.',
      );
    const note = JSON.stringify({
      format: FORMAT,
      hasChecksum: true,
      ...plain,
      hasEma: ema !== undefined,
      ...(best && { best: { value: best.value, since: best.since } }),
    });
    const [{ encodeSafetensors }, { checksumOf }] = await Promise.all([
      import('../../checkpoint/index.js'),
      import('./training-checkpoint.js'),
    ]);
    await writeFileAtomic(
      `${this.directory}/step-${String(steps).padStart(8, '0')}.safetensors`,
      encodeSafetensors(tensors, { [KEY]: note, [CHECKSUM]: await checksumOf(note, tensors) }),
    );
    // Later files could not be read, else the training had continued from them: they are not this run's to remove.
    const ours = (await this.names()).filter((name) => stepsOf(name) <= steps);
    await removeFiles(ours.slice(this.keep).map((name) => `${this.directory}/${name}`));
  }

  /** Removes files that a killed process left half-written. */
  async clean(): Promise<void> {
    const left = (await namesIn(this.directory)).filter((name) => TEMPORARY.test(name));
    await removeFiles(left.map((name) => `${this.directory}/${name}`));
  }

  /** Resolves to the names of the checkpoints, the newest first. */
  private async names(): Promise<string[]> {
    const names = (await namesIn(this.directory)).filter((name) => NAME.test(name));
    return names.sort((a, b) => stepsOf(b) - stepsOf(a));
  }

  /** Reads a checkpoint. A damaged file throws errors of all kinds. */
  private async read(name: string): Promise<TrainingCheckpoint> {
    const [{ readCheckpoint }, { readAll }, { checkNote, checksumOf }] = await Promise.all([
      import('../../checkpoint/late.js'),
      import('../../checkpoint/index.js'),
      import('./training-checkpoint.js'),
    ]);
    const damaged = (why: string): never => {
      throw new CnnzooError('FORMAT', `it is no whole checkpoint of fit, format ${FORMAT}: ${why}.`);
    };
    const file = await readCheckpoint(`${this.directory}/${name}`);
    try {
      const text = file.metadata[KEY] ?? damaged('its note is missing');
      const note: unknown = JSON.parse(text);
      const format = (note as { format?: unknown } | null)?.format;
      if (format !== FORMAT) damaged(`received format ${JSON.stringify(format)}`);
      const { hasChecksum = false, hasEma, best, ...plain } = checkNote(note);
      const tensors = await readAll(file);
      const checksum = file.metadata[CHECKSUM];
      if ((hasChecksum || checksum !== undefined) && checksum !== (await checksumOf(text, tensors)))
        damaged('its bytes are not those that were written');
      const bad = notFinite(tensors);
      if (bad !== undefined) damaged(`'${bad}' is not finite`);
      return {
        ...plain,
        model: part(tensors, 'model'),
        optimizer: part(tensors, 'optimizer'),
        ...(hasEma && { ema: part(tensors, 'ema') }),
        ...(best && { best: { ...best, weights: part(tensors, 'best') } }),
      };
    } finally {
      await file.close();
    }
  }
}
