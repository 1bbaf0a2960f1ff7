import { escaped, gallery, page } from '@cnnzoo/report';

/** Image of a batch as a data URL, and the name of its class. */
export interface PreviewImage {
  readonly picture: string;
  readonly category: string;
}

/** Returns an HTML page that shows a batch of images with their classes. */
export const preview = (title: string, note: string, images: readonly PreviewImage[]): string =>
  page(
    title,
    `<h1>${escaped(title)}</h1>
<p class="soft">${escaped(note)}</p>
${gallery(images.map(({ picture, category }) => ({ picture, alt: category, caption: escaped(category) })))}`,
  );
