import { escaped, page } from './html.js';

/** An image of a batch, as a data URL, and the name of its class. */
export interface PreviewImage {
  readonly picture: string;
  readonly category: string;
}

/** A batch of images with their classes, as one HTML page. */
export const preview = (title: string, note: string, images: readonly PreviewImage[]): string =>
  page(
    title,
    `<h1>${escaped(title)}</h1>
<p class="soft">${escaped(note)}</p>
<ul class="gallery">
${images.map(({ picture, category }) => `<li><img src="${picture}" alt="${escaped(category)}">${escaped(category)}</li>`).join('\n')}
</ul>`,
  );
