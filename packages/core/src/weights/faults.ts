import { CnnzooError } from '../errors.js';

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
