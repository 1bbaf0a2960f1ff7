import type { LazyTensor } from '../checkpoint/index.js';
import { CnnzooError } from '../util/index.js';

/**
 * Returns true for a key that no net needs: PyTorch counts batches for a momentum that shrinks, which no torchvision net
 * uses, and older files lack the count.
 */
export const isIgnored = (key: string): boolean =>
  key.endsWith('.num_batches_tracked') || key === 'num_batches_tracked';

const showShape = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/** Lines that a list in a message has at most. */
const MAX_LINES = 8;

const shortened = (items: readonly string[]): string[] =>
  items.length <= MAX_LINES
    ? [...items]
    : [...items.slice(0, MAX_LINES - 1), `… and ${items.length - MAX_LINES + 1} more`];

/** Differences between a state dict and a net, thrown as one error. */
export class Faults {
  private readonly missing: string[] = [];
  private readonly unexpected: string[] = [];
  private readonly shapes: string[] = [];
  private readonly integers: string[] = [];

  /** Notes a key of the net that the state dict lacks. */
  isMissing(key: string): void {
    this.missing.push(key);
  }

  /** Notes a key of the state dict that the net lacks. */
  isUnexpected(key: string): void {
    this.unexpected.push(key);
  }

  /** Notes a key with another shape than the net's; both are in PyTorch's layout. */
  hasShape(key: string, expected: readonly number[], received: readonly number[]): void {
    this.shapes.push(`${key}: expected ${showShape(expected)}, received ${showShape(received)}`);
  }

  /** Notes a key whose values are no floats: a net of floats would take the levels of a quantized weight for the weight. */
  checkType(key: string, { dtype }: LazyTensor): void {
    if (dtype !== 'float32' && dtype !== 'float64') this.integers.push(`${key}: expected floats, received ${dtype}`);
  }

  /**
   * Throws STATE_DICT if there are any faults.
   * @param advise returns a sentence on how to make the state dict fit; undefined if none is known.
   */
  throwIfAny(net: string, advise: () => string | undefined = () => undefined): void {
    const part = (title: string, items: string[]) =>
      items.length > 0 ? [`${title} (${items.length}):\n    ${shortened(items).join('\n    ')}`] : [];
    const parts = [
      ...part('missing keys', this.missing),
      ...part('unexpected keys', this.unexpected),
      ...part('wrong shapes', this.shapes),
      ...part('wrong types', this.integers),
    ];
    if (parts.length === 0) return;
    const advice =
      this.integers.length > 0
        ? 'Quantized weights are loaded if cnnzoo wrote them: multiply those of others by their scales, and load the floats.'
        : (advise() ??
          'Build the net as the checkpoint was (variant, numClasses, inputShape), or load another checkpoint.');
    throw new CnnzooError(
      'STATE_DICT',
      `The state dict does not fit the net '${net}'. ${advice}\n  ${parts.join('\n  ')}`,
    );
  }
}
