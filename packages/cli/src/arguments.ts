import { InvalidArgumentError } from 'commander';

/** Parses 1, 2, 3, … */
export const whole = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('Expected 1, 2, 3, …');
  return value;
};

/** Parses 0, 1, 2, … */
export const seed = (text: string): number => (/^0+$/.test(text) ? 0 : whole(text));

export const positive = (text: string): number => {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new InvalidArgumentError('Expected a number above 0, such as 0.001.');
  return value;
};

/** Parses HEIGHTxWIDTH. */
export const size = (text: string): [height: number, width: number] => {
  const sides = /^(\d+)x(\d+)$/i.exec(text)?.slice(1).map(Number);
  if (!sides || sides.includes(0)) throw new InvalidArgumentError('Expected HEIGHTxWIDTH in pixels, such as 224x224.');
  return [sides[0]!, sides[1]!];
};

/** Parses a number from 0 to 1. */
export const part = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('Expected a number from 0 to 1, such as 0.99.');
  return value;
};
