import { PAGE_STYLE } from './style.js';
import { escaped } from './svg.js';

/** Returns a complete HTML page that needs no script, no other file and no network. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

/** Returns a part of the page under its heading; '' for an empty body. */
export const section = (heading: string, body: string): string =>
  body && `<section>\n<h2>${escaped(heading)}</h2>\n${body}\n</section>`;

/** Returns the key numbers of a page in large type, each with its caption. */
export function keyNumbers(numbers: readonly (readonly [value: string, caption: string])[]): string {
  const items = numbers.map(
    ([value, caption]) => `<div><strong>${escaped(value)}</strong><span class="soft">${escaped(caption)}</span></div>`,
  );
  return `<div class="result">${items.join('')}</div>`;
}

export interface GalleryItem {
  /** Data URL of the picture. */
  readonly picture: string;
  /** Description of the picture for readers who do not see it. */
  readonly alt: string;
  /** Shown when the pointer rests on the picture. */
  readonly title?: string;
  /** HTML under the picture. */
  readonly caption: string;
}

/** Returns pictures side by side, each over its caption. */
export function gallery(items: readonly GalleryItem[]): string {
  const list = items.map(({ picture, alt, title, caption }) => {
    const hint = title === undefined ? '' : ` title="${escaped(title)}"`;
    return `<li><img src="${picture}" alt="${escaped(alt)}"${hint}>${caption}</li>`;
  });
  return `<ul class="gallery">\n${list.join('\n')}\n</ul>`;
}
