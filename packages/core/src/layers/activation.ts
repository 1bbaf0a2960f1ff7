import { layers } from '@tensorflow/tfjs-layers';
import { apply, type Layer } from './layer.js';

export const relu: Layer = (x, path) => apply(layers.activation({ name: path, activation: 'relu' }), x);
export const sigmoid: Layer = (x, path) => apply(layers.activation({ name: path, activation: 'sigmoid' }), x);
