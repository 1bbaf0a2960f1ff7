import { visible } from '@cnnzoo/core/internal/text';
import { FILE_STYLE } from './style.js';

/** Escapes text for SVG, HTML and their attributes in double quotes, and makes its control characters visible. */
export const escaped = (text: string): string =>
  visible(text).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** Position and size in a drawing, in its units. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Places an `<svg>` element in a rectangle of another one. */
export const placed = (svg: string, { x, y, width, height }: Rectangle): string =>
  svg.replace('<svg ', `<svg x="${x}" y="${y}" width="${width}" height="${height}" `);

/** Makes an SVG file of an `<svg>` element: adds the namespace, styles for light and dark, and a background. */
export function svgFile(svg: string): string {
  const [opening = '', x, y, width, height] = /^<svg [^>]*?viewBox="(\S+) (\S+) (\S+) (\S+)"[^>]*>/.exec(svg) ?? [];
  const namespaced = opening.replace(
    '<svg ',
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" `,
  );
  const background = `<rect class="paper" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
  return `${namespaced}<style>${FILE_STYLE}</style>${background}${svg.slice(opening.length)}\n`;
}
