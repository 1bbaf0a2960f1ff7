import type { TrainingProgress } from '@cnnzoo/core/train';
import { meter } from './lines.js';
import { duration, percent } from './numbers.js';

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join('  ');

/**
 * Returns `epoch 3/20  120/391  loss 1.234  top-1 45.2 %  812 images/s  3 min 20 s left`.
 *
 * @param width number of characters that fit; the speed is left out if the line would be longer
 */
export function fitLine(
  { epoch, epochs, done, total, loss, top1, imagesPerSecond, secondsLeft }: TrainingProgress,
  width = Number.POSITIVE_INFINITY,
): string {
  const place = [
    `epoch ${epoch + 1}/${epochs}`,
    `${done}/${total}`,
    `loss ${loss.toPrecision(4)}`,
    `top-1 ${percent(top1)}`,
  ];
  const speed = `${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s`;
  const left = `${duration(secondsLeft)} left`;
  const whole = joined([...place, speed, left]);
  return whole.length <= width ? whole : joined([...place, left]);
}

/**
 * Returns `validation  ███████▌░░░  120 of 640  loss 0.812  2 min 05 s left`.
 *
 * @param secondsLeft undefined if it is not known yet
 */
export const countLine = (
  what: string,
  done: number,
  total: number,
  note: string,
  secondsLeft: number | undefined,
): string =>
  joined([
    what,
    meter(done / total),
    `${done} of ${total}`,
    note,
    secondsLeft === undefined ? '' : `${duration(secondsLeft)} left`,
  ]);
