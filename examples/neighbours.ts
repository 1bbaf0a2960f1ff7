/**
 * Embeddings: a net's features of an image, as a vector. Prints, for every image of a folder, the three most similar
 * ones by the cosine between their embeddings.
 *
 *   pnpm exec tsx examples/neighbours.ts FOLDER [WEIGHTS]
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { useBackend } from '@cnnzoo/core';
import { resnet18 } from '@cnnzoo/resnet';

const [folder, weights = 'DEFAULT'] = process.argv.slice(2);
if (!folder) throw new Error('Expected a folder of images.');
await useBackend();
const net = await resnet18.pretrained({ weights, numClasses: 0 });
const names = (await readdir(folder)).filter((name) => /\.(jpe?g|png|webp)$/i.test(name)).sort();
const embeddings = await net.embed(names.map((name) => join(folder, name)));

const unit = embeddings.map((values) => {
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
});
const cosine = (i: number, j: number): number => unit[i]!.reduce((sum, value, k) => sum + value * unit[j]![k]!, 0);

for (const [i, name] of names.entries()) {
  const others = names.map((other, j) => ({ other, likeness: cosine(i, j) })).filter(({ other }) => other !== name);
  const nearest = others.sort((a, b) => b.likeness - a.likeness).slice(0, 3);
  console.log(`${name}: ${nearest.map(({ other, likeness }) => `${other} ${likeness.toFixed(2)}`).join(', ')}`);
}
