import { layers } from '@tensorflow/tfjs-layers';
import { apply, type Layer } from './layer.js';

/** Mean over the whole map: [n, h, w, c] -> [n, c] (Lin et al., https://arxiv.org/abs/1312.4400, section 3.2). */
export const globalAvgPool: Layer = (x, path) => apply(layers.globalAveragePooling2d({ name: path }), x);
