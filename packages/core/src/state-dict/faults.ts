import { isUnder } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import type { FittedKeys, Wanted } from './fit-keys.js';

/** PyTorch counts batches for a momentum that shrinks, which no torchvision net uses; older files lack the count. */
export const isIgnored = (key: string): boolean =>
  key.endsWith('.num_batches_tracked') || key === 'num_batches_tracked';

const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Lines of a list in a message. */
const MAX_LINES = 8;

const shortened = (items: readonly string[]): string[] =>
  items.length <= MAX_LINES
    ? [...items]
    : [...items.slice(0, MAX_LINES - 1), `… and ${items.length - MAX_LINES + 1} more`];

/** Collects what keeps a state dict from fitting a net, and throws it as one error. */
export class Faults {
  private readonly missing: string[] = [];
  private readonly unexpected: string[] = [];
  private readonly shapes: string[] = [];

  isMissing(key: string): void {
    this.missing.push(key);
  }

  isUnexpected(key: string): void {
    this.unexpected.push(key);
  }

  /** Both shapes in PyTorch's layout. */
  hasShape(key: string, expected: readonly number[], received: readonly number[]): void {
    this.shapes.push(`${key}: expected ${showShape(expected)}, received ${showShape(received)}`);
  }

  /** @param advise what would make the state dict fit, if that is known. */
  throwIfAny(net: string, advise: () => string | undefined = () => undefined): void {
    const part = (title: string, items: string[]) =>
      items.length > 0 ? [`${title} (${items.length}):\n    ${shortened(items).join('\n    ')}`] : [];
    const parts = [
      ...part('missing keys', this.missing),
      ...part('unexpected keys', this.unexpected),
      ...part('wrong shapes', this.shapes),
    ];
    if (parts.length === 0) return;
    const advice =
      advise() ?? 'Build the net as the checkpoint was (variant, numClasses, inputShape), or load another checkpoint.';
    throw new CnnzooError(
      'STATE_DICT',
      `The state dict does not fit the net '${net}'. ${advice}\n  ${parts.join('\n  ')}`,
    );
  }
}

const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');

/** The tensors of a checkpoint and of a net by their shapes, in order. */
const shapesOf = (shapes: Iterable<readonly number[]>): string => [...shapes].map((shape) => shape.join('x')).join();

/** One sentence on what would make a checkpoint fit a net; undefined if nothing simple would. */
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
