/** A line chart as SVG: one curve for each series, over 1, 2, 3, …, in light and dark. */
export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

const [WIDTH, HEIGHT] = [720, 400];
const PLOT = { left: 56, top: 28, right: 20, bottom: 44 };
const COLOURS = ['#d1701f', '#b3262e', '#3b82c4', '#1c7c54'];

/** Steps of 1, 2 or 5 times a power of ten, some five of them. */
function ticksTo(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((step) => most / step <= 6)!;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}

export function curves(y: string, x: string, series: readonly Series[]): string {
  const count = Math.max(...series.map(({ values }) => values.length));
  const most = 1.05 * Math.max(...series.flatMap(({ values }) => values));
  const width = WIDTH - PLOT.left - PLOT.right;
  const height = HEIGHT - PLOT.top - PLOT.bottom;
  const xOf = (i: number) => (PLOT.left + (width * i) / Math.max(1, count - 1)).toFixed(1);
  const yOf = (value: number) => (PLOT.top + height * (1 - value / most)).toFixed(1);
  const ticks = ticksTo(most);
  const every = Math.ceil(count / 12);
  const lines = [
    ...ticks.flatMap((value) => [
      `<path class="grid" d="M${PLOT.left} ${yOf(value)}h${width}"/>`,
      `<text class="faint" x="${PLOT.left - 8}" y="${yOf(value)}" dy=".35em" text-anchor="end">${+value.toPrecision(3)}</text>`,
    ]),
    ...Array.from({ length: count }, (_, i) => i)
      .filter((i) => i % every === 0)
      .map((i) => `<text class="faint" x="${xOf(i)}" y="${HEIGHT - 24}" text-anchor="middle">${i + 1}</text>`),
    `<text x="${PLOT.left}" y="16">${y}</text>`,
    `<text x="${WIDTH - PLOT.right}" y="${HEIGHT - 6}" text-anchor="end">${x}</text>`,
    ...series.map(({ values }, i) => {
      const points = values.map((value, j) => `${xOf(j)},${yOf(value)}`).join(' ');
      return `<polyline points="${points}" stroke="${COLOURS[i % COLOURS.length]}"/>`;
    }),
    `<rect class="paper" x="${PLOT.left + 8}" y="${HEIGHT - PLOT.bottom - 12 - 20 * series.length}" width="190" height="${20 * series.length + 6}"/>`,
    ...series.map(({ name }, i) => {
      // Below curves that fall.
      const at = { x: PLOT.left + 16, y: HEIGHT - PLOT.bottom - 16 - 20 * (series.length - 1 - i) };
      return (
        `<path class="key" d="M${at.x} ${at.y}h22" stroke="${COLOURS[i % COLOURS.length]}"/>` +
        `<text x="${at.x + 30}" y="${at.y}" dy=".35em">${name}</text>`
      );
    }),
  ];
  const style =
    'text{font:13px system-ui,sans-serif;fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#d8dee4}' +
    'polyline,.key{fill:none;stroke-width:2.5}.paper{fill:#fff}' +
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#2a3038}.paper{fill:#0d1117}}';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img"><title>${y}</title>` +
    `<style>${style}</style><rect class="paper" width="${WIDTH}" height="${HEIGHT}"/>${lines.join('')}</svg>\n`
  );
}
