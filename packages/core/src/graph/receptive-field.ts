import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

export type AnyLayer = layers.Layer | LayersModel;

type Pair = readonly [height: number, width: number];

/** How far apart, in input pixels, a map's values lie, and what one of them sees; 'all': the whole image. */
export type Field = { readonly size: Pair; readonly stride: Pair } | 'all';

/** What a layer does to its input's field. */
interface Window {
  readonly size: Pair;
  readonly stride: Pair;
}

const both = (value: unknown): Pair => (Array.isArray(value) ? value : [value, value]) as [number, number];

const inputsOf = (layer: AnyLayer): SymbolicTensor[] => layer.inboundNodes[0]?.inputTensors ?? [];

function windowOf(layer: AnyLayer): Window | undefined {
  const type = layer.getClassName();
  const config = layer.getConfig();
  if (/Adaptive/.test(type)) return adaptiveWindow(inputsOf(layer)[0]!.shape, both(config.outputSize));
  if (!/Conv2d|Conv2D|Pool2d|Pooling2D/.test(type)) return undefined;
  const size = config.kernelSize ?? config.poolSize;
  if (size === undefined) return undefined;
  const stride = both(config.stride ?? config.strides);
  const dilation = both(config.dilation ?? config.dilationRate ?? 1);
  const kernel = both(size);
  return { size: [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1], stride };
}

/** The widest of its windows, and how far apart they lie on average. */
function adaptiveWindow([, ...sizes]: readonly (number | null)[], outs: Pair): Window {
  const [height, width] = [0, 1].map((axis) => {
    const [size, out] = [sizes[axis]!, outs[axis]!];
    const widths = Array.from(
      { length: out },
      (_, i) => Math.ceil(((i + 1) * size) / out) - Math.floor((i * size) / out),
    );
    return { size: Math.max(...widths), stride: size / out };
  }) as [{ size: number; stride: number }, { size: number; stride: number }];
  return { size: [height.size, width.size], stride: [height.stride, width.stride] };
}

/** Past these the whole image is seen; and past an adaptive pooling, where its input has no fixed size. */
function seesAll(layer: AnyLayer): boolean {
  const type = layer.getClassName();
  if (/Adaptive/.test(type)) return inputsOf(layer)[0]!.shape.slice(1, 3).includes(null);
  return /Global|Flatten|Linear|Dense|Reshape/.test(type);
}

const grow = ({ size, stride }: Exclude<Field, 'all'>, window: Window): Field => ({
  size: [size[0] + (window.size[0] - 1) * stride[0], size[1] + (window.size[1] - 1) * stride[1]],
  stride: [stride[0] * window.stride[0], stride[1] * window.stride[1]],
});

function fieldOf(layer: AnyLayer, fields: ReadonlyMap<string, Field>): Field {
  const inputs = inputsOf(layer).map(({ sourceLayer }) => fields.get(sourceLayer.name));
  if (seesAll(layer) || inputs.includes('all')) return 'all';
  const known = inputs.filter((field) => field !== undefined && field !== 'all');
  // The input layer counts itself as its source.
  if (known.length === 0) return { size: [1, 1], stride: [1, 1] };
  const widest = known.reduce((a, b) => (b.size[0] * b.size[1] > a.size[0] * a.size[1] ? b : a));
  const window = windowOf(layer);
  return window ? grow(widest, window) : widest;
}

/**
 * The receptive field of every layer, by its name: of all paths the widest (Araujo et al.,
 * https://distill.pub/2019/computing-receptive-fields).
 */
export function fieldsOf(model: LayersModel): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const layer of model.layers) fields.set(layer.name, fieldOf(layer, fields));
  return fields;
}
