import { type Command, type Sample, sample } from './process.js';

/** One side of a comparison: a process that runs once a round. */
export interface Peer {
  readonly name: string;
  readonly command: Command;
}

/** One run of every peer, by name. */
export type Round = Readonly<Record<string, Sample>>;

/** Figure computed from a round that is comparable between machines. */
export interface Ratio {
  readonly title: string;
  /** Names of the peers that the ratio needs. */
  readonly of: readonly string[];
  value(round: Round): number;
  /** Largest value that meets the goal. */
  readonly goal?: number;
}

export interface Suite {
  readonly title: string;
  /** Explanations for the reader of the results. */
  readonly notes: readonly string[];
  readonly peers: readonly Peer[];
  readonly ratios: readonly Ratio[];
  /** Peers that are unavailable, with the reasons. */
  readonly skipped: readonly string[];
  close(): Promise<void>;
}

const ratioOf = (
  time: string,
  a: string,
  b: string,
  goal: number | undefined,
  of: (sample: Sample) => number,
): Ratio => ({
  title: `${a} / ${b}, ${time}`,
  of: [a, b],
  value: (round) => of(round[a]!) / of(round[b]!),
  ...(goal !== undefined && { goal }),
});

/** Ratio of the times of `a` and `b` in one round. */
export const timeRatio = (a: string, b: string, goal?: number): Ratio => ratioOf('time', a, b, goal, ({ ms }) => ms);

/** Ratio of a further time of `a` and `b` in one round. */
export const figureRatio = (figure: string, a: string, b: string, goal?: number): Ratio =>
  ratioOf(figure, a, b, goal, ({ figures }) => figures![figure]!);

export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
  return { min: sorted[0]!, median: middle, max: sorted.at(-1)! };
}

export interface Results {
  readonly title: string;
  readonly notes: readonly string[];
  readonly runs: number;
  readonly peers: readonly {
    name: string;
    ms: Spread;
    cpu: Spread;
    wall: Spread;
    peak: Spread;
    figures: Readonly<Record<string, Spread>>;
  }[];
  readonly ratios: readonly { title: string; spread: Spread; each: readonly number[]; goal?: number }[];
  readonly skipped: readonly string[];
}

/**
 * Runs the peers in turn, round after round, so that other load on the machine affects all of them alike. The first
 * round warms the file cache and is not counted.
 */
export async function measure(suite: Suite, runs: number, progress: (text: string) => void): Promise<Results> {
  const { title, notes, peers, skipped } = suite;
  const rounds: Round[] = [];
  for (let run = 0; run <= runs; run++) {
    const round: Record<string, Sample> = {};
    for (const { name, command } of peers) {
      progress(`${title}: ${run === 0 ? 'warm-up' : `run ${run} of ${runs}`}, ${name}`);
      round[name] = await sample(command);
    }
    if (run > 0) rounds.push(round);
  }
  const of = (name: string, key: Exclude<keyof Sample, 'figures'>) => spread(rounds.map((round) => round[name]![key]));
  const figures = (name: string) =>
    Object.fromEntries(
      Object.keys(rounds[0]![name]!.figures ?? {}).map((figure) => [
        figure,
        spread(rounds.map((round) => round[name]!.figures![figure]!)),
      ]),
    );
  return {
    title,
    notes,
    runs,
    peers: peers.map(({ name }) => ({
      name,
      ms: of(name, 'ms'),
      cpu: of(name, 'cpu'),
      wall: of(name, 'wall'),
      peak: of(name, 'peak'),
      figures: figures(name),
    })),
    ratios: suite.ratios
      .filter((ratio) => ratio.of.every((name) => peers.some((peer) => peer.name === name)))
      .map(({ title, value, goal }) => {
        const each = rounds.map(value);
        return { title, spread: spread(each), each, ...(goal !== undefined && { goal }) };
      }),
    skipped,
  };
}
