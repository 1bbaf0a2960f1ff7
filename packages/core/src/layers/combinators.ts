import { layers } from '@tensorflow/tfjs-layers';
import { relu } from './activation.js';
import { Add } from './add.js';
import { apply, at, type Layer } from './layer.js';
import { applyOwn } from './own.js';

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

/** Passes its input on: what stands where a head was taken off. */
export const identity: Layer = (x) => x;

export interface ResidualOptions {
  /** The stride of `main` as a whole. */
  stride?: number;
  /** The shortcut where `main` changes resolution or channels; it lives at `path.downsample`. */
  project: (channels: number, stride: number) => Layer;
}

/** `relu(main(x) + x)`: where `main` gives zero, the block is the identity on what a ReLU left. */
export const residual =
  (main: Children, { stride = 1, project }: ResidualOptions): Layer =>
  (x, path) => {
    const y = seq(main)(x, path);
    const channels = y.shape.at(-1)!;
    const same = stride === 1 && x.shape.at(-1) === channels;
    const shortcut = same ? x : project(channels, stride)(x, at(path, 'downsample'));
    return relu(applyOwn(Add, { name: at(path, 'add') }, [y, shortcut]), at(path, 'out'));
  };
