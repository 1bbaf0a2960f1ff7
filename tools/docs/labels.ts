/** Places labels beside points, so that no label covers another label or a point. */
export interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const overlap = (a: Box, b: Box): number =>
  Math.max(0, Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)) *
  Math.max(0, Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y));

const around = ({ x, y, radius }: Disc): Box => ({
  x: x - radius,
  y: y - radius,
  width: 2 * radius,
  height: 2 * radius,
});

const DIRECTIONS = 24;
const DISTANCES = [3, 10, 20, 32, 46, 62, 80] as const;
const ROUNDS = 6;

/** Returns possible places for a label of that size in all directions, near ones first. */
function places(disc: Disc, width: number, height: number): { box: Box; distance: number }[] {
  return DISTANCES.flatMap((distance) =>
    Array.from({ length: DIRECTIONS }, (_, i) => {
      const angle = (2 * Math.PI * i) / DIRECTIONS;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const reach = disc.radius + distance;
      // The nearest point of the label lies on the circle of radius `reach`.
      const x = disc.x + reach * cos + ((cos - 1) / 2) * width;
      const y = disc.y + reach * sin + ((sin - 1) / 2) * height;
      return { box: { x, y, width, height }, distance: distance + (sin === 0 ? 0 : 1) };
    }),
  );
}

/**
 * Places one label for each disc within the frame. In every round, each label moves to the best place that the others
 * leave.
 */
export function placeLabels(
  discs: readonly Disc[],
  sizes: readonly (readonly [width: number, height: number])[],
  frame: Box,
): Box[] {
  const inside = ({ x, y, width, height }: Box) =>
    x >= frame.x && y >= frame.y && x + width <= frame.x + frame.width && y + height <= frame.y + frame.height;
  const candidates = discs.map((disc, i) => places(disc, ...sizes[i]!).filter(({ box }) => inside(box)));
  const chosen: (Box | undefined)[] = discs.map(() => undefined);
  for (let round = 0; round < ROUNDS; round++)
    for (const [i, options] of candidates.entries()) {
      const cost = ({ box, distance }: (typeof options)[number]): number =>
        distance +
        discs.reduce((total, disc) => total + overlap(box, around(disc)), 0) * 0.5 +
        chosen.reduce((total, other, j) => total + (other && j !== i ? overlap(box, other) : 0), 0) * 5;
      const costs = options.map(cost);
      chosen[i] = options[costs.indexOf(Math.min(...costs))]!.box;
    }
  return chosen as Box[];
}
