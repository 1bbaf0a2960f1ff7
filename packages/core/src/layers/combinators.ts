import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { CnnzooError, checkOptions } from '../util/index.js';
import { relu } from './activation.js';
import { checkNumbers, PIXELS, unexpected } from './check-numbers.js';
import { apply, applyOwn, at, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { fusionOf } from './scopes.js';

/** Sum of two maps of one shape. If a BatchNorm and the ReLU are fused with it, it computes them too. */
export class Add extends layers.Layer {
  static readonly className: string = 'cnnzoo.Add';
  readonly kind = 'add' satisfies OwnKind;

  constructor(args: LayerArgs = {}) {
    super(layerArgs(args));
  }

  override computeOutputShape(shapes: Shape | Shape[]): Shape {
    const [a, b] = shapes as [Shape, Shape];
    const fits = a.length === b.length && a.every((extent, i) => extent === null || b[i] === null || extent === b[i]);
    if (!fits)
      throw new CnnzooError(
        'SHAPE',
        `Layer '${this.name}' adds maps of one shape, received [${a.slice(1)}] and [${b.slice(1)}].`,
      );
    return a.map((extent, i) => extent ?? b[i]!);
  }

  override call(inputs: tf.Tensor | tf.Tensor[], { training = false }: { training?: boolean }): tf.Tensor {
    const [a, b] = inputs as [tf.Tensor, tf.Tensor];
    this.computeOutputShape([a.shape, b.shape]);
    const fusion = fusionOf(this);
    if (typeof fusion !== 'object') return tf.add(a, b);
    const [x, residual] = fusion.input === 0 ? [a, b] : [b, a];
    return fusion.norm.normalize(x, training, { residual, relu: true });
  }
}

/** Sub-layers by name. Numbered ones go into an array: a record would sort the key '10' before 'a', and '2' before '10'. */
export type Children = Readonly<Record<string, Layer>> | readonly Layer[];

/** @throws CnnzooError INPUT for what is no layer: another value, or a function that makes layers. */
function through(layer: Layer, x: SymbolicTensor, path: string): SymbolicTensor {
  const y = typeof layer === 'function' ? layer(x, path) : undefined;
  if (y?.shape) return y;
  throw unexpected(path, 'a function of a tensor and its path that returns a tensor', 'layer', layer);
}

/**
 * Applies the children one after another. The key of child `key` in the state dict is `path.key`.
 *
 * @example
 * ```ts
 * import { batchNorm, conv, relu, seq } from '@cnnzoo/core';
 *
 * const named = seq({ conv: conv(64, 3, { padding: 1, bias: false }), bn: batchNorm(), relu });
 * const numbered = seq([conv(64, 3), relu]); // keys '0' and '1'
 * ```
 */
export const seq =
  (children: Children): Layer =>
  (x, path) =>
    Object.entries(children).reduce((y, [key, layer]) => through(layer, y, at(path, key)), x);

/**
 * Applies each child to the same input, and concatenates the results along the channels.
 *
 * @example
 * ```ts
 * import { concat, sameConv } from '@cnnzoo/core';
 *
 * // [n, h, w, c] -> [n, h, w, 96]
 * const layer = concat({ branch1: sameConv(64, 1), branch2: sameConv(32, 3) });
 * ```
 */
export const concat =
  (children: Children): Layer =>
  (x, path) =>
    apply(
      layers.concatenate({ name: at(path, 'concat'), axis: -1 }),
      Object.entries(children).map(([key, layer]) => through(layer, x, at(path, key))),
    );

/**
 * Returns its input: stands for a head, norm or activation that a net goes without, as PyTorch's nn.Identity.
 *
 * @example
 * ```ts
 * import { identity, type Norm } from '@cnnzoo/core';
 *
 * const norm: Norm = () => identity; // a net without normalisation
 * ```
 */
export const identity: Layer = (x) => x;

/** Options of `residual`. */
export interface ResidualOptions {
  /** Stride of `main` as a whole. Default: 1. */
  stride?: number;
  /** Makes the shortcut of a block that changes resolution or channels. Its key is `path.downsample`. */
  project: (channels: number, stride: number) => Layer;
  /** Layer after the addition; its key is `path.out`. Default: `relu`. */
  activation?: Layer;
}

/**
 * Computes `relu(main(x) + shortcut(x))` (He et al., https://arxiv.org/abs/1512.03385). The shortcut is the input itself,
 * or `project`'s layer if `main` changes resolution or channels.
 *
 * @throws CnnzooError INPUT for a `stride` that is not 1, 2, 3, …
 * @example
 * ```ts
 * import { batchNorm, conv, relu, residual, seq } from '@cnnzoo/core';
 *
 * const block = residual(
 *   { conv1: conv(64, 3, { stride: 2, padding: 1 }), bn1: batchNorm(), relu, conv2: conv(64, 3, { padding: 1 }) },
 *   { stride: 2, project: (channels, stride) => seq([conv(channels, 1, { stride }), batchNorm()]) },
 * );
 * ```
 */
export function residual(main: Children, options: ResidualOptions): Layer {
  checkOptions('residual', options, ['stride', 'project', 'activation']);
  const { stride = 1, project, activation = relu } = options;
  checkNumbers('residual', { stride }, { stride: PIXELS });
  return (x, path) => {
    const y = seq(main)(x, path);
    const channels = y.shape.at(-1)!;
    const same = stride === 1 && x.shape.at(-1) === channels;
    const shortcut = same ? x : through(project(channels, stride), x, at(path, 'downsample'));
    return through(activation, applyOwn(Add, { name: at(path, 'add') }, [y, shortcut]), at(path, 'out'));
  };
}
