import { escaped, gallery, percent } from '@cnnzoo/report';
import type { Pair, Tally } from './tally.js';

/** Number of class pairs, of images a pair, and of wrong answers to show. */
const PAIRS = 6;
const OF_EACH = 4;
const SUREST = 12;

const pairsShown = ({ pairs }: Tally): readonly Pair[] => pairs.slice(0, PAIRS);

/** Returns the files whose pictures `confusedPairs` and `surestWrong` show. */
export const filesShown = (tally: Tally): string[] =>
  [...pairsShown(tally).flatMap(({ answers }) => answers.slice(0, OF_EACH)), ...tally.wrong.slice(0, SUREST)].map(
    ({ file }) => file,
  );

/** Names of the classes, and the data URL of each file's picture. */
export interface Drawing {
  readonly categories: readonly string[];
  readonly pictures: ReadonlyMap<string, string>;
}

const image = (file: string, alt: string, { pictures }: Drawing): string =>
  `<img src="${pictures.get(file)!}" alt="${escaped(alt)}" title="${escaped(file)}">`;

/** Shows the pairs of classes that are confused most, each with the images that the net was surest of. */
export function confusedPairs(tally: Tally, drawing: Drawing): string {
  const { categories } = drawing;
  const figures = pairsShown(tally).map(({ label, predicted, answers }) => {
    const [is, named] = [categories[label]!, categories[predicted]!];
    const total = tally.confusion[label]!.reduce((sum, n) => sum + n, 0);
    const images = answers.slice(0, OF_EACH).map(({ file }) => image(file, `${is}, taken for ${named}`, drawing));
    return `<figure>
<figcaption><strong>${escaped(is)}</strong> taken for <strong class="wrong">${escaped(named)}</strong>: ${answers.length} of ${total}</figcaption>
<div class="thumbs">${images.join('')}</div>
</figure>`;
  });
  return figures.length > 0 ? `<div class="pairs">\n${figures.join('\n')}\n</div>` : '';
}

/** Shows the wrong answers that the net was surest of. */
export function surestWrong({ wrong }: Tally, drawing: Drawing): string {
  const items = wrong.slice(0, SUREST).map(({ file, label, predicted, probability }) => {
    const [is, named] = [drawing.categories[label]!, drawing.categories[predicted]!];
    return {
      picture: drawing.pictures.get(file)!,
      alt: `${is}, taken for ${named}`,
      title: file,
      caption: `${escaped(is)}<br>\n<span class="wrong">${escaped(named)}</span> ${percent(probability)}`,
    };
  });
  if (items.length === 0) return '';
  return `<p class="soft">Under each image its class, then the class that the net named and with which probability. A wrong
label in the data set is often found here.</p>
${gallery(items)}`;
}
