import type { EpochRecord } from '@cnnzoo/core/train';
import { escaped } from './html.js';

const [WIDTH, HEIGHT] = [460, 280];
const MARGIN = { left: 46, right: 16, top: 28, bottom: 40 };

export interface Series {
  /** Also its class in the style: 'training', 'validation'. */
  readonly name: 'training' | 'validation';
  /** Of each epoch; what is not finite is not drawn. */
  readonly values: readonly number[];
}

/** Round numbers, at most `most` steps, that reach from `low` to beyond `high`. */
export function ticksOf(low: number, high: number, most = 5): number[] {
  const rough = Math.max(high - low, 1e-9) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9))!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  // 0.30000000000000004 is no label.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** At most ten multiples of a round number, up to `epochs`. */
function epochTicks(epochs: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => epochs / size <= 10) ?? Math.ceil(epochs / 10);
  return Array.from({ length: Math.floor(epochs / step) }, (_, i) => (i + 1) * step);
}

/** A line for each series over the epochs, as SVG. */
export function chart(label: string, series: readonly Series[], limits?: readonly [low: number, high: number]): string {
  const values = series.flatMap((each) => each.values).filter(Number.isFinite);
  const ticks = ticksOf(...(limits ?? ([0, Math.max(...values, 1e-3)] as const)));
  const epochs = Math.max(...series.map((each) => each.values.length));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const x = (epoch: number): number =>
    MARGIN.left + (WIDTH - MARGIN.left - MARGIN.right) * (epochs > 1 ? (epoch - 1) / (epochs - 1) : 0.5);
  const y = (value: number): number =>
    HEIGHT - MARGIN.bottom - ((HEIGHT - MARGIN.top - MARGIN.bottom) * (value - low)) / (high - low);
  const at = (value: number): string => value.toFixed(1);

  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
      `<text class="soft" x="${MARGIN.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const bottom = epochTicks(epochs).map(
    (tick) =>
      `<text class="soft" x="${at(x(tick))}" y="${HEIGHT - MARGIN.bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  const lines = series.map(({ name, values }) => {
    const points = values.flatMap((value, i) => (Number.isFinite(value) ? [[at(x(i + 1)), at(y(value))]] : []));
    const path = `<path d="M${points.map((point) => point.join(' ')).join(' L')}"/>`;
    // A line through few points shows where they are; one through a single point would show nothing.
    const dots =
      points.length <= 30 ? points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5"/>`).join('') : '';
    return `<g class="${name}">${points.length > 0 ? path : ''}${dots}</g>`;
  });
  const legend = series.map(({ name }, i) => {
    const left = WIDTH - MARGIN.right - 88 * (series.length - i);
    return (
      `<g class="${name}"><path d="M${left} 10 h20"/>` +
      `<text class="series" x="${left + 25}" y="14">${name}</text></g>`
    );
  });
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(label)} by epoch">
<text x="0" y="14">${escaped(label)}</text>
${[...grid, ...bottom, ...lines, ...legend].join('\n')}
<text class="soft" x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 4}" text-anchor="middle">epoch</text>
</svg>`;
}

/** Loss and top-1 of training and validation, epoch by epoch. */
export function curves(epochs: readonly EpochRecord[]): string {
  const series = (pick: (part: { loss: number; top1: number }) => number): Series[] => [
    { name: 'training', values: epochs.map(pick) },
    { name: 'validation', values: epochs.map(({ validation }) => (validation ? pick(validation) : Number.NaN)) },
  ];
  return `<div class="charts">
${chart(
  'loss (cross-entropy)',
  series(({ loss }) => loss),
)}
${chart(
  'top-1 (%)',
  series(({ top1 }) => 100 * top1),
  [0, 100],
)}
</div>
<p class="soft">Training: the mean over the epoch, each image before the step that used it. Validation: after the epoch.
Where the validation loss rises while the training loss falls, the net learns its images by heart: fewer epochs, more
images or more augmentation help.</p>`;
}
