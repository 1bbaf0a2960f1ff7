/** Colours by use. A page holds them as CSS variables of these names. */
interface Palette {
  readonly ink: string;
  readonly soft: string;
  readonly faint: string;
  readonly line: string;
  readonly paper: string;
  readonly panel: string;
  readonly right: string;
  readonly wrong: string;
  /** First of the colours of a chart's series. */
  readonly series1: string;
  readonly series2: string;
  readonly series3: string;
  readonly series4: string;
}

const LIGHT: Palette = {
  ...{ ink: '#1c2026', soft: '#5d6672', faint: '#8a94a0', line: '#d9dee4', paper: '#fff', panel: '#f5f7f9' },
  ...{ right: '#1f6fb2', wrong: '#c2410c' },
  ...{ series1: '#1f6fb2', series2: '#cc6a1c', series3: '#1b8a62', series4: '#a24b8c' },
};

const DARK: Palette = {
  ...{ ink: '#e7eaee', soft: '#9aa4b0', faint: '#7d8793', line: '#343b44', paper: '#14171b', panel: '#1c2127' },
  ...{ right: '#5aa9e6', wrong: '#f08a4b' },
  ...{ series1: '#5aa9e6', series2: '#f0a04b', series3: '#4cc29a', series4: '#d98cc6' },
};

const PRINT: Palette = { ...LIGHT, ink: '#000', soft: '#444', faint: '#777', line: '#bbb', panel: '#fff' };

/** Style of a drawing, without its colours. */
const SHAPES = `
svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; }
svg text.title { font-size: 20px; font-weight: 600; }
svg .series path { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .series.faint path { stroke-dasharray: 5 3; }
`;

/** Returns the rules that set the colours of a drawing. */
function tones({ ink, soft, faint, line, paper, right, wrong, ...series }: Palette): string {
  const { series1, series2, series3, series4 } = series;
  const ofSeries = (name: string, colour: string): string =>
    `svg .${name} path { stroke: ${colour}; } svg .${name} circle, svg .${name} text { fill: ${colour}; }`;
  return `
svg text { fill: ${ink}; }
svg text.soft { fill: ${soft}; }
svg text.inside { fill: ${paper}; }
svg .grid { stroke: ${line}; }
svg .paper { fill: ${paper}; }
svg .right { fill: ${right}; }
svg .wrong { fill: ${wrong}; }
${ofSeries('faint', faint)}
${[series1, series2, series3, series4].map((colour, i) => ofSeries(`series-${i + 1}`, colour)).join('\n')}
`;
}

/** Style of a drawing in a file of its own. It uses no CSS variables, which some renderers do not know. */
export const FILE_STYLE = `${SHAPES}${tones(LIGHT)}@media (prefers-color-scheme: dark) {${tones(DARK)}}`;

const names = Object.keys(LIGHT) as (keyof Palette)[];
const variables = (palette: Palette): string =>
  `:root { ${names.map((name) => `--${name}: ${palette[name]};`).join(' ')} }`;
const variableOf = Object.fromEntries(names.map((name) => [name, `var(--${name})`])) as unknown as Palette;

/** Style of a page for screens, phones and paper. */
export const PAGE_STYLE = `
${variables(LIGHT)}
@media (prefers-color-scheme: dark) { ${variables(DARK)} }
@media print { ${variables(PRINT)} }
${tones(variableOf)}${SHAPES}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
section { margin-top: 2.5rem; }
p { margin: .25rem 0 .75rem; max-width: 46rem; }
.soft, figcaption, caption { color: var(--soft); }
figcaption, caption { font-size: .875rem; text-align: left; padding-bottom: .4rem; }
figure { margin: 0; }
.result { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.25rem 0 0; }
.result div { min-width: 7rem; }
.result strong { display: block; font-size: 2.1rem; line-height: 1.15; font-weight: 650; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.25rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .875em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.charts { margin-bottom: 1rem; display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: 1.5rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: middle; }
th { font-weight: 600; font-size: .875rem; color: var(--soft); }
tbody th { color: var(--ink); font-size: 1rem; font-weight: 500; }
.number { text-align: right; white-space: nowrap; }
.bar { width: 30%; min-width: 5rem; }
.bar span { display: block; height: .6rem; background: var(--right); min-width: 1px; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: 1rem; margin: 0; padding: 0; list-style: none; }
.gallery li { break-inside: avoid; font-size: .875rem; line-height: 1.35; overflow-wrap: anywhere; }
img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--panel); image-rendering: auto; margin-bottom: .35rem; }
.pixels img { image-rendering: pixelated; }
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr)); gap: 1.5rem; }
.pairs figure { break-inside: avoid; }
.thumbs { display: grid; grid-template-columns: repeat(4, 1fr); gap: .4rem; }
.wrong { color: var(--wrong); }
details ul { padding-left: 1.2rem; overflow-wrap: anywhere; font-size: .875rem; }
@media (max-width: 40rem) {
  main { padding: 1.25rem 1rem 3rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; } }
`;
