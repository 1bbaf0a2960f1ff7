import { isUnder } from '../layers/index.js';
import type { FittedKeys, Wanted } from './fit-keys.js';

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** Lists shapes as one text, in order, to compare a checkpoint's with a net's. */
const shapesOf = (shapes: Iterable<readonly number[]>): string => [...shapes].map((shape) => shape.join('x')).join();

/** Returns a sentence on how to make a checkpoint fit a net; undefined if nothing simple would. */
export function adviceFor({ tensors, nets }: FittedKeys, wanted: Wanted, head: string | undefined): string | undefined {
  const keys = nets.map((prefix) => prefix.slice(0, -1));
  if (keys.length > 1) return `It holds several nets, under ${quoted(keys)}: take one of them, by key: '${keys[0]}'.`;
  if (keys.length === 1)
    return `All that the net needs lies under '${keys[0]}', with other keys beside it: take it alone, by key: '${keys[0]}'.`;

  const missing = [...wanted.keys()].filter((key) => !tensors.has(key));
  const others = [...wanted].flatMap(([key, expected]) => {
    const received = tensors.get(key)?.shape;
    return received && received.join() !== expected.join() ? [{ key, expected, received }] : [];
  });
  const isBody = (key: string): boolean => head === undefined || !isUnder(head, key);
  if (missing.filter(isBody).length === [...wanted.keys()].filter(isBody).length && missing.length > 0) {
    const names = [...tensors.keys()];
    if (shapesOf([...tensors.values()].map(({ shape }) => shape)) === shapesOf(wanted.values()))
      return (
        `It has a tensor of the right shape for each of the net's, in order, under another name ('${names[0]}' for ` +
        `'${missing[0]}'): rename the keys of what readStateDict gives, and load that.`
      );
    return `None of the net's keys is in it (it begins with ${quoted(names.slice(0, 3))}): it is of another architecture.`;
  }
  const spare = [...tensors.keys()].filter((key) => !wanted.has(key)).length;
  if (missing.length > 0 || spare > 0)
    return (
      `It has ${wanted.size - missing.length} of the net's ${wanted.size} tensors, and ${spare} others: build the net as the ` +
      'checkpoint was (variant, depth, options), or load another checkpoint.'
    );
  if (head !== undefined && others.every(({ key }) => isUnder(head, key))) {
    const { expected, received } = others[0]!;
    return (
      `Only the head '${head}' differs: it has ${received[0]} classes in the checkpoint, ${expected[0]} in the net. ` +
      `Build the net with numClasses: ${received[0]} (pretrained takes categories as well).`
    );
  }
  const [{ expected, received }, ...more] = others as [(typeof others)[0], ...typeof others];
  const isImage = more.length === 0 && expected.length === 4 && received.length === 4 && expected[1] !== received[1];
  return isImage && expected.every((size, i) => i === 1 || size === received[i])
    ? `Only the channels of the images differ: the checkpoint's net takes ${received[1]}, this one ${expected[1]}. ` +
        `Build the net with inputShape: [height, width, ${received[1]}].`
    : undefined;
}
