/** Costs of design choices, counted by `summary` on nets that are built for the purpose. */
import {
  buildModel,
  flatten,
  globalAvgPool,
  type InputShape,
  type Layer,
  linear,
  relu,
  type Summary,
  sameConv,
  seq,
  summary,
} from '@cnnzoo/core';
import { extents } from './diagram/node-box.js';
import { type Cell, table } from './markdown.js';

/** Builds a convolution with zeros as weights, since only shapes matter here. */
const convolution = (channels: number, kernel: number): Layer =>
  sameConv(channels, kernel, { initial: 'zeros', bias: false });
const fully = (units: number): Layer => linear(units, { initial: 'zeros', biasInitial: 'zeros' });

function count(layers: readonly Layer[], shape: InputShape): Summary {
  const net = buildModel('counted', seq(layers), shape);
  try {
    return summary(net);
  } finally {
    net.dispose();
  }
}

/** Returns the receptive field of the last layer, in input pixels. */
const fieldOf = ({ rows }: Summary): string => extents(rows.at(-1)!.receptiveField!);

/** Compares stacks of layers with C channels and equal receptive fields. Parameters are divided by C^2. */
export function stackedConvolutions(): string {
  const stacks: readonly (readonly [string, readonly number[]])[] = [
    ['two 3x3', [3, 3]],
    ['one 5x5', [5]],
    ['three 3x3', [3, 3, 3]],
    ['one 7x7', [7]],
  ];
  const [channels, size] = [256, 56];
  const rows = stacks.map(([name, kernels]): Cell[] => {
    const counted = count(
      kernels.map((kernel) => seq([convolution(channels, kernel), relu])),
      [size, size, channels],
    );
    const { parameters, multiplyAdds } = counted;
    return [name, fieldOf(counted), parameters, parameters / channels ** 2, multiplyAdds, kernels.length];
  });
  return table(
    [
      `convolutions, C = ${channels}`,
      '>receptive field',
      '>parameters',
      '>in C²',
      `>multiply-adds at ${size} px`,
      '>ReLUs',
    ],
    rows,
  );
}

const CLASSES = 1000;

interface Head {
  readonly name: string;
  readonly layers: readonly Layer[];
}

const pooled: Head = { name: `global average pooling, linear ${CLASSES}`, layers: [globalAvgPool, fully(CLASSES)] };
const direct: Head = { name: `flatten, linear ${CLASSES}`, layers: [flatten, fully(CLASSES)] };
const deep: Head = {
  name: `flatten, linear 4096, 4096, ${CLASSES} (as in AlexNet and VGG)`,
  layers: [flatten, fully(4096), fully(4096), fully(CLASSES)],
};
const perPixel: Head = {
  name: `NiN block of ${CLASSES} channels (3x3, 1x1, 1x1), global average pooling`,
  layers: [
    ...[3, 1, 1].map((kernel) => sameConv(CLASSES, kernel, { initial: 'zeros', biasInitial: 'zeros' })),
    globalAvgPool,
  ],
};

const MAPS: readonly { readonly net: string; readonly shape: InputShape; readonly heads: readonly Head[] }[] = [
  { net: 'NiN', shape: [5, 5, 384], heads: [perPixel, deep] },
  { net: 'GoogLeNet', shape: [7, 7, 1024], heads: [pooled, direct, deep] },
];

/** Compares ways from a last map to the classes. */
export function heads(): string {
  const rows = MAPS.flatMap(({ net, shape, heads: each }) =>
    each.map(({ name, layers }, i): Cell[] => {
      const { parameters, multiplyAdds } = count(layers, shape);
      return [i === 0 ? `${net}, ${extents(shape)}` : '', name, parameters, multiplyAdds];
    }),
  );
  return table(['last map', 'from there to the classes', '>parameters', '>multiply-adds'], rows);
}
