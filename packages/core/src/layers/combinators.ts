import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { CnnzooError, checkOptions } from '../util/index.js';
import { relu } from './activation.js';
import { checkNumbers, PIXELS } from './check-numbers.js';
import { apply, applyOwn, at, type Layer, type LayerArgs, layerArgs, type OwnKind } from './layer.js';
import { jointOf } from './scopes.js';

/** The sum of two maps of one shape. */
export class Add extends layers.Layer {
  static readonly className = 'cnnzoo.Add';
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
    const joint = jointOf(this);
    if (typeof joint !== 'object') return tf.add(a, b);
    const [x, residual] = joint.input === 0 ? [a, b] : [b, a];
    return joint.norm.normalize(x, training, { residual, relu: true });
  }
}

/** Sub-layers by name. Numbered ones go into an array: a record would sort the key '10' before 'a', and '2' before '10'. */
export type Children = Readonly<Record<string, Layer>> | readonly Layer[];

/** Children one after the other; child `key` lives at `path.key`. */
export const seq =
  (children: Children): Layer =>
  (x, path) =>
    Object.entries(children).reduce((y, [key, layer]) => layer(y, at(path, key)), x);

/** Children side by side on the same input, joined along the channels. */
export const concat =
  (children: Children): Layer =>
  (x, path) =>
    apply(
      layers.concatenate({ name: at(path, 'concat'), axis: -1 }),
      Object.entries(children).map(([key, layer]) => layer(x, at(path, key))),
    );

/** Returns its input: the layer in the place of a head, a norm or an activation that a net goes without. */
export const identity: Layer = (x) => x;

/** Options of `residual`. */
export interface ResidualOptions {
  /** Stride of `main` as a whole. Default: 1. */
  stride?: number;
  /** Makes the shortcut, which lives at `path.downsample`, where `main` changes resolution or channels. */
  project: (channels: number, stride: number) => Layer;
  /** Layer after the addition; it lives at `path.out`. Default: `relu`. */
  activation?: Layer;
}

/**
 * `relu(main(x) + x)` (He et al., https://arxiv.org/abs/1512.03385): where `main` gives zero, the block is the identity on
 * what a ReLU left.
 */
export function residual(main: Children, options: ResidualOptions): Layer {
  checkOptions('residual', options, ['stride', 'project', 'activation']);
  const { stride = 1, project, activation = relu } = options;
  checkNumbers('residual', { stride }, { stride: PIXELS });
  return (x, path) => {
    const y = seq(main)(x, path);
    const channels = y.shape.at(-1)!;
    const same = stride === 1 && x.shape.at(-1) === channels;
    const shortcut = same ? x : project(channels, stride)(x, at(path, 'downsample'));
    return activation(applyOwn(Add, { name: at(path, 'add') }, [y, shortcut]), at(path, 'out'));
  };
}
