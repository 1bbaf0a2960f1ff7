import { classic, lenet, modern } from './lenet.js';
import * as weights from './weights.js';

export const lenet5 = /* @__PURE__ */ lenet('lenet5', classic, weights.lenet5);
export const lenet5_relu = /* @__PURE__ */ lenet('lenet5_relu', modern, weights.lenet5_relu);

/** Every variant by name. */
export const models = { lenet5, lenet5_relu } as const;
