/**
 * Chart of accuracy over computation: one disc for each entry of the registry, its area proportional to the parameters.
 */
import type { WeightsEntry } from '@cnnzoo/core';
import { accuracyOf, entriesOf } from './entries.js';
import type { Family } from './family.js';
import { type Box, type Disc, placeLabels } from './labels.js';
import { px, svg, text, textWidth } from './svg.js';

const [WIDTH, HEIGHT] = [1000, 720];
const PLOT: Box = { x: 60, y: 24, width: WIDTH - 60 - 24, height: HEIGHT - 24 - 92 };
const LABEL = 11;
/** Radius in pixels of a disc for 100 million parameters. */
const UNIT_RADIUS = 24;
const X_TICKS = [0.5, 1, 2, 5, 10, 20, 40];

interface Point {
  readonly entry: WeightsEntry;
  readonly top1: number;
  readonly giga: number;
  readonly family: number;
}

const pointsOf = (families: readonly Family[]): Point[] =>
  families.flatMap(({ models }, family) =>
    models.flatMap(entriesOf).flatMap((entry) => {
      const accuracy = accuracyOf(entry);
      if (accuracy?.data !== 'ImageNet-1K' || accuracy.top1 === undefined || entry.gflops === undefined) return [];
      return [{ entry, top1: accuracy.top1, giga: entry.gflops, family }];
    }),
  );

const hue = (index: number, count: number): string =>
  `hsl(${Math.round((360 * index) / Math.max(1, count)) + 210} 65% 50%)`;

const radiusOf = (parameters: number): number => UNIT_RADIUS * Math.sqrt(parameters / 1e8);

const labelOf = ({ entry: { model, name } }: Point): string => `${model} ${/_(V\d+)$/.exec(name)?.[1] ?? name}`;

function nearestOn({ x, y, width, height }: Box, disc: Disc): readonly [number, number] {
  return [Math.min(Math.max(disc.x, x), x + width), Math.min(Math.max(disc.y, y), y + height)];
}

/** Draws a line from the disc to a label that stands away from it. */
function leader(box: Box, disc: Disc): string[] {
  const [x, y] = nearestOn(box, disc);
  const distance = Math.hypot(x - disc.x, y - disc.y);
  if (distance < disc.radius + 7) return [];
  const part = disc.radius / distance;
  return [
    `<path class="edge" style="stroke-width:.75" d="M${px(disc.x + (x - disc.x) * part)} ${px(disc.y + (y - disc.y) * part)}L${px(x)} ${px(y)}"/>`,
  ];
}

export function chart(families: readonly Family[]): string {
  const points = pointsOf(families);
  const tops = points.map(({ top1 }) => top1);
  const gigas = points.map(({ giga }) => giga);
  const [low, high] = [Math.floor(Math.min(...tops) - 1), Math.ceil(Math.max(...tops) + 1)];
  const [first, last] = [Math.log(Math.min(...gigas) / 1.4), Math.log(Math.max(...gigas) * 1.5)];
  const xOf = (giga: number) => PLOT.x + ((Math.log(giga) - first) / (last - first)) * PLOT.width;
  const yOf = (top1: number) => PLOT.y + PLOT.height - ((top1 - low) / (high - low)) * PLOT.height;
  const bottom = PLOT.y + PLOT.height;

  const discs = points.map(
    ({ entry, giga, top1 }): Disc => ({ x: xOf(giga), y: yOf(top1), radius: radiusOf(entry.parameters) }),
  );
  const names = points.map(labelOf);
  const boxes = placeLabels(
    discs,
    names.map((name) => [textWidth(name, LABEL), LABEL + 3] as const),
    PLOT,
  );

  const step = high - low > 12 ? 5 : 2;
  const tens = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((value) => value % step === 0);
  const shown = X_TICKS.filter((giga) => Math.log(giga) > first && Math.log(giga) < last);
  const used = families
    .map((family, i) => ({ family, i }))
    .filter(({ i }) => points.some((point) => point.family === i));
  const colour = (i: number) =>
    hue(
      used.findIndex((each) => each.i === i),
      used.length,
    );
  let keyX = PLOT.x;
  return svg(WIDTH, HEIGHT, 'Top-1 accuracy on ImageNet-1K against multiply-adds; area: parameters', [
    ...tens.flatMap((value) => [
      `<path class="grid" d="M${PLOT.x} ${px(yOf(value))}h${PLOT.width}"/>`,
      text(PLOT.x - 8, yOf(value) + 4, 12, `${value} %`, 'faint end'),
    ]),
    ...shown.flatMap((value) => [
      `<path class="grid" d="M${px(xOf(value))} ${PLOT.y}v${PLOT.height}"/>`,
      text(xOf(value), bottom + 18, 12, `${value}`, 'faint middle'),
    ]),
    text(PLOT.x + PLOT.width / 2, bottom + 40, 13, 'multiply-adds of one image, 10⁹ (logarithmic)', 'middle'),
    text(PLOT.x + 6, PLOT.y + 12, 13, 'top-1 accuracy on ImageNet-1K', 'halo'),
    ...points.map(({ family }, i) => {
      const { x, y, radius } = discs[i]!;
      const fill = colour(family);
      return `<circle cx="${px(x)}" cy="${px(y)}" r="${px(radius)}" fill="${fill}" fill-opacity=".4" stroke="${fill}"/>`;
    }),
    ...boxes.flatMap((box, i) => leader(box, discs[i]!)),
    ...boxes.map((box, i) => text(box.x + box.width / 2, box.y + LABEL, LABEL, names[i]!, 'middle halo')),
    ...used.flatMap(({ family, i }) => {
      const at = keyX;
      keyX += textWidth(family.title, 12) + 36;
      return [
        `<circle cx="${px(at + 6)}" cy="${HEIGHT - 22}" r="6" fill="${colour(i)}" fill-opacity=".4" stroke="${colour(i)}"/>`,
        text(at + 18, HEIGHT - 18, 12, family.title, 'faint'),
      ];
    }),
    `<circle class="box" cx="${WIDTH - 190}" cy="${HEIGHT - 30}" r="${UNIT_RADIUS}" fill="none"/>`,
    text(WIDTH - 158, HEIGHT - 26, 12, '100 million parameters', 'faint'),
  ]);
}
