import { isUrl } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { warn } from '../../warn.js';
import type { StateDict } from '../../weights/tensors.js';
import { checkWhole } from '../checks.js';
import type { Position } from '../training-run.js';
import type { Best } from './best-weights.js';
import type { EpochProgress } from './epoch-progress.js';
import type { EpochRecord } from './history.js';
import type { CheckpointOptions } from './options.js';

/** What must be as it was for a training to go on as it would have. */
export interface Setup {
  readonly model: string;
  readonly images: number;
  readonly stages: number;
  /** Stage by stage. */
  readonly batchSize: readonly number[];
  readonly accumulate: readonly number[];
}

/** All that a training goes on from. */
export interface FitState {
  readonly setup: Setup;
  readonly seed: number;
  readonly stage: number;
  /** Taken in the stages before. */
  readonly stepsBefore: number;
  readonly position: Position;
  readonly epochs: readonly EpochRecord[];
  /** Of the epoch that is under way. */
  readonly progress: EpochProgress;
  readonly model: StateDict;
  readonly optimizer: StateDict;
  readonly ema?: StateDict;
  readonly best?: Best;
}

const FORMAT = 1;
const KEY = 'cnnzoo.fit';
const NAME = /^step-(\d+)\.safetensors$/;
/** What an atomic write leaves behind where its process is killed. */
const TEMPORARY = /^\.step-\d+\.safetensors\.[0-9a-f]+\.tmp$/;

const under = (prefix: string, state: StateDict | undefined): StateDict =>
  new Map(Array.from(state ?? [], ([key, tensor]) => [`${prefix}.${key}`, tensor]));

const part = (state: StateDict, prefix: string): StateDict =>
  new Map(
    [...state].flatMap(([key, tensor]) =>
      key.startsWith(`${prefix}.`) ? [[key.slice(prefix.length + 1), tensor]] : [],
    ),
  );

/** The states of a training in a directory: each one file, which is there whole or not at all. */
export class Checkpoints {
  private constructor(
    private readonly directory: string,
    readonly everySteps: number,
    private readonly keep: number,
  ) {}

  /** @throws CnnzooError FILE where the directory can't be written to. */
  static async open(options: string | URL | CheckpointOptions): Promise<Checkpoints> {
    const {
      directory,
      everySteps = Number.POSITIVE_INFINITY,
      keep = 3,
    } = typeof options === 'string' || isUrl(options) ? { directory: options } : options;
    if (everySteps !== Number.POSITIVE_INFINITY) checkWhole('everySteps', everySteps, 1);
    checkWhole('keep', keep, 1);
    const { requireWritable } = await import('#platform');
    const path = await requireWritable(directory);
    return new Checkpoints(path.replace(/[\\/]+$/, ''), everySteps, keep);
  }

  /**
   * The newest state, undefined where there is none. A file that can't be read any more gives way to the one before.
   * @throws CnnzooError FORMAT where there are some and none of them can be read.
   */
  async newest(): Promise<FitState | undefined> {
    const names = await this.names();
    for (const name of names) {
      try {
        return await this.read(name);
      } catch (error) {
        if (!(error instanceof CnnzooError) || error.code !== 'FORMAT' || name === names.at(-1)) throw error;
        warn(`a checkpoint is left out: ${error.message}`);
      }
    }
    return undefined;
  }

  /** Refuses a directory where another training's states lie. */
  async requireNone(): Promise<void> {
    const [name] = await this.names();
    if (name === undefined) return;
    throw new CnnzooError(
      'INPUT',
      `fit: '${this.directory}' holds checkpoints of a training already (${name}). Go on with it by resume: true, or ` +
        'name another directory.',
    );
  }

  /** @param steps taken in the whole training. */
  async write(state: FitState, steps: number): Promise<void> {
    const { model, optimizer, ema, best, ...plain } = state;
    const tensors: StateDict = new Map([
      ...under('model', model),
      ...under('optimizer', optimizer),
      ...under('ema', ema),
      ...under('best', best?.weights),
    ]);
    const metadata = {
      [KEY]: JSON.stringify({
        format: FORMAT,
        ...plain,
        hasEma: ema !== undefined,
        ...(best && { best: { value: best.value, since: best.since } }),
      }),
    };
    const [{ encodeSafetensors }, { writeFileAtomic, removeFiles }] = await Promise.all([
      import('../../weights/write-safetensors.js'),
      import('#platform'),
    ]);
    await writeFileAtomic(
      `${this.directory}/step-${String(steps).padStart(8, '0')}.safetensors`,
      encodeSafetensors(tensors, metadata),
    );
    await removeFiles((await this.names()).slice(this.keep).map((name) => `${this.directory}/${name}`));
  }

  /** Removes what a killed process left half-written. */
  async clean(): Promise<void> {
    const { namesIn, removeFiles } = await import('#platform');
    const left = (await namesIn(this.directory)).filter((name) => TEMPORARY.test(name));
    await removeFiles(left.map((name) => `${this.directory}/${name}`));
  }

  /** The newest first. */
  private async names(): Promise<string[]> {
    const { namesIn } = await import('#platform');
    const steps = (name: string): number => Number(NAME.exec(name)?.[1]);
    return (await namesIn(this.directory)).filter((name) => NAME.test(name)).sort((a, b) => steps(b) - steps(a));
  }

  private async read(name: string): Promise<FitState> {
    const [{ openTensors }, { readAll }] = await Promise.all([
      import('../../weights/open.js'),
      import('../../weights/read-state-dict.js'),
    ]);
    const path = `${this.directory}/${name}`;
    const file = await openTensors(path);
    try {
      const text = file.metadata[KEY];
      const { format, hasEma, best, ...plain } = text ? JSON.parse(text) : {};
      if (format !== FORMAT)
        throw new CnnzooError(
          'FORMAT',
          `'${path}' is no checkpoint of fit, format ${FORMAT}: received ${format === undefined ? 'a file without its note' : `format ${format}`}.`,
        );
      const tensors = await readAll(file);
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
