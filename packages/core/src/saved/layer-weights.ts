import type { Shape } from '@tensorflow/tfjs-layers';

interface WeightArgs {
  readonly filters?: number;
  readonly units?: number;
  readonly kernelSize?: readonly [number, number];
  readonly groups?: number;
  readonly bias?: boolean;
  readonly useBias?: boolean;
  readonly center?: boolean;
  readonly scale?: boolean;
  readonly axis?: number;
  readonly dataFormat?: string;
}

type Weights = Readonly<Record<string, readonly (number | null)[]>>;

const norm = (channels: number | null, scale = true, center = true): Weights => ({
  ...(scale && { weight: [channels] }),
  ...(center && { bias: [channels] }),
  running_mean: [channels],
  running_var: [channels],
});

const convolution = (channels: number | null, args: WeightArgs, bias = false): Weights => {
  const { filters = 0, kernelSize = [0, 0], groups = 1 } = args;
  return {
    weight: [filters, channels === null ? null : channels / groups, ...kernelSize],
    ...(bias && { bias: [filters] }),
  };
};

const matrix = (features: number | null, units = 0, bias = true): Weights => ({
  weight: [units, features],
  ...(bias && { bias: [units] }),
});

/**
 * Shapes of a layer's weights, by their names in a state dict and in PyTorch's layout, before it is built.
 *
 * @param config its description, checked.
 * @param input the shape of what it is applied to.
 */
export function weightShapesOf(className: string, config: object, input: Shape): Weights {
  const args = config as WeightArgs;
  const last = input.at(-1) ?? null;
  switch (className) {
    case 'cnnzoo.Conv2d':
      return convolution(last, args, args.bias);
    case 'cnnzoo.Linear':
      return matrix(last, args.units);
    case 'cnnzoo.BatchNorm':
      return norm(last);
    case 'Conv2D':
      return convolution(args.dataFormat === 'channelsFirst' ? (input[1] ?? null) : last, args, args.useBias);
    case 'Dense':
      return matrix(last, args.units, args.useBias);
    case 'BatchNormalization':
      return norm(input.at(args.axis ?? -1) ?? null, args.scale, args.center);
    default:
      return {};
  }
}
