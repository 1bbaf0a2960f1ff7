import { visible } from '../../../core/src/visible.js';
import { STYLE } from './style.js';

/** Text that is safe in HTML and in its attributes, and hides nothing. */
export const escaped = (text: string): string =>
  visible(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A whole page that needs nothing else: no script, no network. */
export const page = (title: string, body: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;

/** A part of the page under its heading; nothing where there is nothing to say. */
export const section = (heading: string, body: string): string =>
  body && `<section>\n<h2>${escaped(heading)}</h2>\n${body}\n</section>`;
