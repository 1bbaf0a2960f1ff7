/** Runs of digits, and what stands between them. */
const partsOf = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];

const isNumber = (part: string): boolean => /^\d/.test(part);

/**
 * Compares as people count: 'img2' before 'img10'. By code units, so that every machine sorts alike, whatever its
 * language.
 */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i]!, right[i]!];
    const difference = isNumber(x) && isNumber(y) ? Number(x) - Number(y) : 0;
    if (difference !== 0) return difference;
    if (x !== y) return x < y ? -1 : 1;
  }
  return left.length - right.length;
}
