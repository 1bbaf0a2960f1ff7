import { escaped } from './svg.js';

export interface Series {
  readonly name: string;
  /** Values at 1, 2, 3, …; NaN and infinite values are not drawn. */
  readonly values: readonly number[];
  /** True to draw the series grey and dashed, as a reference for others. Default: false. */
  readonly faint?: boolean;
}

export interface LineChart {
  /** Quantity on the vertical axis, with its unit. */
  readonly title: string;
  /** Quantity on the horizontal axis, which counts 1, 2, 3, … */
  readonly x: string;
  /** One to four series with colours of their own, and any number of faint ones. */
  readonly series: readonly Series[];
  /** Range of the vertical axis. Default: 0 to the largest value. */
  readonly limits?: readonly [low: number, high: number];
  /** Width and height in pixels. Default: 460 x 280. */
  readonly size?: readonly [width: number, height: number];
}

const MARGIN = { left: 46, right: 16, top: 28, bottom: 40 };

/** Width of a letter in pixels: an estimate, since the reader's font is not known. */
const LETTER = 6.4;

/** Width of a legend's sample line with its margins, and distance between two lines of text, in pixels. */
const [KEY, ROW] = [25, 18];

/** Returns at most `most` + 1 round numbers that reach from `low` or below to `high` or beyond. */
export function ticksOf(low: number, high: number, most = 5): number[] {
  const rough = Math.max(high - low, 1e-9) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough * (1 - 1e-9))!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  // Avoids labels such as 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Returns at most ten multiples of a round number, up to `count`. */
function countTicks(count: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => count / size <= 10) ?? Math.ceil(count / 10);
  return Array.from({ length: Math.floor(count / step) }, (_, i) => (i + 1) * step);
}

/** Returns the CSS class of each series. Colours are assigned in order. */
function classesOf(series: readonly Series[]): string[] {
  let colour = 0;
  return series.map(({ faint }) => (faint ? 'series faint' : `series series-${(colour++ % 4) + 1}`));
}

/** Returns the left end of each name in a legend that ends at `right`. */
function legendPlaces(series: readonly Series[], right: number): number[] {
  const widths = series.map(({ name }) => KEY + LETTER * name.length);
  return widths.map((_, i) => right - widths.slice(i).reduce((sum, width) => sum + width + 14, -14));
}

/** Draws a line for each series, as an `<svg>` element for `page` or `svgFile`. */
export function lineChart({ title, x: xTitle, series, limits, size: [width, height] = [460, 280] }: LineChart): string {
  const values = series.flatMap((each) => each.values).filter(Number.isFinite);
  const ticks = ticksOf(...(limits ?? ([0, Math.max(...values, 1e-3)] as const)));
  const count = Math.max(...series.map((each) => each.values.length));
  const [low, high] = [ticks[0]!, ticks.at(-1)!];
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const legendAt = legendPlaces(series, right);
  // A legend that would run into the title gets a row of its own.
  const top = MARGIN.top + (legendAt[0]! > 4 + LETTER * (title.length + 2) ? 0 : ROW);
  const x = (place: number): number =>
    MARGIN.left + (right - MARGIN.left) * (count > 1 ? (place - 1) / (count - 1) : 0.5);
  const y = (value: number): number => bottom - ((bottom - top) * (value - low)) / (high - low);
  const at = (value: number): string => value.toFixed(1);
  const classes = classesOf(series);

  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${MARGIN.left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
      `<text class="soft" x="${MARGIN.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
  );
  const places = countTicks(count).map(
    (tick) => `<text class="soft" x="${at(x(tick))}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`,
  );
  const lines = series.map(({ values }, s) => {
    const points = values.flatMap((value, i) => (Number.isFinite(value) ? [[at(x(i + 1)), at(y(value))]] : []));
    const path = `<path d="M${points.map((point) => point.join(' ')).join(' L')}"/>`;
    // With few values, dots mark them. A line of a single value would show nothing.
    const dots =
      points.length <= 30 ? points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="2.5"/>`).join('') : '';
    return `<g class="${classes[s]}">${points.length > 0 ? path : ''}${dots}</g>`;
  });
  const legend = series.map(({ name }, s) => {
    const left = at(legendAt[s]!);
    return (
      `<g class="${classes[s]}"><path d="M${left} ${top - ROW} h20"/>` +
      `<text x="${at(legendAt[s]! + KEY)}" y="${top - 14}">${escaped(name)}</text></g>`
    );
  });
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(`${title} by ${xTitle}`)}">
<text x="4" y="14">${escaped(title)}</text>
${[...grid, ...places, ...lines, ...legend].join('\n')}
<text class="soft" x="${(MARGIN.left + right) / 2}" y="${height - 4}" text-anchor="middle">${escaped(xTitle)}</text>
</svg>`;
}
