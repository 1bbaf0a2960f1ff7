/** Parts that the drawings share: text, numbers, colours for light and dark. */
import type { Kind } from './diagram/kind.js';

export const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);

/** Writes at most two decimals, so that a file is the same on every machine. */
export const px = (value: number): string => String(Math.round(value * 100) / 100);

/** Returns an upper bound of the width of a sans-serif text, since the reader's font is not known. */
export const textWidth = (text: string, size: number): number => [...text].length * size * 0.58;

interface Tones {
  readonly light: string;
  readonly dark: string;
}

const FILLS: Readonly<Record<Kind, Tones>> = {
  input: { light: '#ffffff', dark: '#0d1117' },
  conv: { light: '#cfe0fc', dark: '#1f3f73' },
  linear: { light: '#cdebd0', dark: '#1c4d2b' },
  norm: { light: '#e5d9f8', dark: '#44306b' },
  activation: { light: '#fbd3d3', dark: '#6b2c31' },
  pool: { light: '#fde2bd', dark: '#6a4312' },
  dropout: { light: '#e3e3e3', dark: '#3d434b' },
  reshape: { light: '#f3f3ee', dark: '#2b3036' },
  join: { light: '#fbf0ae', dark: '#5c5110' },
  group: { light: '#d3e9ec', dark: '#174a52' },
};

const INK: Readonly<Record<string, Tones>> = {
  paper: { light: '#ffffff', dark: '#0d1117' },
  ink: { light: '#1f2328', dark: '#e6edf3' },
  faint: { light: '#59636e', dark: '#9da7b1' },
  line: { light: '#59636e', dark: '#9da7b1' },
  grid: { light: '#e2e6ea', dark: '#2a3038' },
  skip: { light: '#bc4c00', dark: '#f0883e' },
};

const rules = (tone: keyof Tones): string =>
  [
    ...Object.entries(FILLS).map(([kind, tones]) => `.${kind}{fill:${tones[tone]}}`),
    `.paper{fill:${INK.paper![tone]}}`,
    `text{fill:${INK.ink![tone]}}`,
    `.faint{fill:${INK.faint![tone]}}`,
    `.halo{stroke:${INK.paper![tone]}}`,
    `.box,.edge{stroke:${INK.line![tone]}}`,
    `.grid{stroke:${INK.grid![tone]}}`,
    `.head{fill:${INK.line![tone]}}`,
    `.skip{stroke:${INK.skip![tone]}}`,
  ].join('');

const STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}',
  '.edge,.grid{fill:none}.edge{stroke-width:1.5}.box{stroke-width:1}.middle{text-anchor:middle}.end{text-anchor:end}',
  '.halo{stroke-width:4;paint-order:stroke;stroke-linejoin:round}.strong{font-weight:600}',
  rules('light'),
  `@media (prefers-color-scheme:dark){${rules('dark')}}`,
].join('');

/** Returns a whole SVG file. It has its own background, because a page may be dark on a system that is light. */
export const svg = (width: number, height: number, title: string, content: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${px(width)}" height="${px(height)}" viewBox="0 0 ${px(width)} ${px(height)}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="paper" width="${px(width)}" height="${px(height)}" rx="6"/>`,
    ...content,
    '</svg>',
    '',
  ].join('\n');

export const text = (x: number, y: number, size: number, content: string, classes = ''): string =>
  `<text x="${px(x)}" y="${px(y)}" font-size="${size}"${classes && ` class="${classes}"`}>${escaped(content)}</text>`;
