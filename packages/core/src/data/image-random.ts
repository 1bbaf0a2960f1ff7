import { Random } from '../random.js';

/** Seeds of epochs: with the 32 bits of an index they fit the 53 of a Random's seed. */
const EPOCH_SEEDS = 2 ** 21;

/** One draw, from which `imageRandom` makes the generators of a whole epoch. */
export const drawEpochSeed = (random: Random): number => random.integer(EPOCH_SEEDS);

/** The generator that one image's augmentation draws from, whoever runs it and when. */
export const imageRandom = (epochSeed: number, index: number): Random => new Random(epochSeed * 2 ** 32 + index);
