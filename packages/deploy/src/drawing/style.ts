/** Colour of a box, by the kind of its operation. */
export type Tint = 'end' | 'conv' | 'linear' | 'norm' | 'activation' | 'pool' | 'join' | 'reshape';

interface Palette extends Readonly<Record<Tint, string>> {
  readonly paper: string;
  readonly ink: string;
  readonly faint: string;
  readonly line: string;
  readonly shortcut: string;
  /** Opacity of the strip that names fused operations, over the box's colour. */
  readonly strip: string;
}

const LIGHT: Palette = {
  ...{ paper: '#ffffff', ink: '#1f2328', faint: '#57606a', line: '#6e7781', shortcut: '#bc4c00', strip: '#00000014' },
  ...{ end: '#ffffff', conv: '#d3e3fd', linear: '#d0edd4', norm: '#e7dcf9', activation: '#fcd9d9' },
  ...{ pool: '#fde5c4', join: '#fbf1b4', reshape: '#efefec' },
};

const DARK: Palette = {
  ...{ paper: '#0d1117', ink: '#e6edf3', faint: '#adb6c0', line: '#8b949e', shortcut: '#f0883e', strip: '#ffffff1f' },
  ...{ end: '#0d1117', conv: '#1d3b69', linear: '#1b482a', norm: '#412e66', activation: '#62292e' },
  ...{ pool: '#5f3d12', join: '#544b10', reshape: '#2b3036' },
};

function rules({ paper, ink, faint, line, shortcut, strip, ...tints }: Palette): string {
  return [
    ...Object.entries(tints).map(([tint, colour]) => `.${tint}{fill:${colour}}`),
    `.paper{fill:${paper}}.halo{stroke:${paper}}`,
    `text{fill:${ink}}.faint{fill:${faint}}`,
    `.frame,.edge{stroke:${line}}.head{fill:${line}}`,
    `.edge.shortcut{stroke:${shortcut}}.head.shortcut{fill:${shortcut}}`,
    `.strip{fill:${strip}}`,
  ].join('');
}

/** Style of the drawing: light, and dark for readers who prefer that. */
export const STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",Helvetica,Arial,sans-serif}',
  '.middle{text-anchor:middle}.strong{font-weight:600}.frame,.edge{fill:none}.edge{stroke-width:1.5}',
  '.halo{stroke-width:4;paint-order:stroke;stroke-linejoin:round}',
  rules(LIGHT),
  `@media (prefers-color-scheme:dark){${rules(DARK)}}`,
].join('');
