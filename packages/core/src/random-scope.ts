import { Random } from './random.js';

let current: Random | undefined;

/** Runs `work` with `random` as the generator of everything random inside: dropout, initial values. Synchronous. */
export function withRandom<T>(random: Random, work: () => T): T {
  const outer = current;
  current = random;
  try {
    return work();
  } finally {
    current = outer;
  }
}

/** The generator of the run in progress; outside of any run, one with a seed of its own. */
export function currentRandom(): Random {
  current ??= new Random();
  return current;
}
