import type { EpochProgress } from './epoch-progress.js';

/** A line that is drawn over and over. */
export interface ProgressBar {
  update(share: number, text: string): void;
  end(): void;
}

export interface LineState {
  readonly epoch: number;
  readonly epochs: number;
  /** In this epoch. */
  readonly step: number;
  readonly stepsPerEpoch: number;
  readonly progress: EpochProgress;
  /** What is left of the whole training, in seconds. */
  readonly left: number;
}

const duration = (seconds: number): string => {
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, Math.floor(seconds) % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
};

/** `epoch 3/20  120/391  loss 1.234  top-1 45.2 %  812 images/s  3:20 left` */
export function progressLine({ epoch, epochs, step, stepsPerEpoch, progress, left }: LineState): string {
  const { images, loss, weight, hits, seconds } = progress;
  return [
    `epoch ${epoch + 1}/${epochs}`,
    `${step}/${stepsPerEpoch}`,
    `loss ${(loss / weight).toPrecision(4)}`,
    `top-1 ${((100 * hits) / images).toFixed(1)} %`,
    `${(images / Math.max(seconds, 1e-3)).toFixed(images / seconds < 10 ? 1 : 0)} images/s`,
    `${duration(left)} left`,
  ].join('  ');
}
