import { alexNet } from './alexnet.js';
import * as weights from './weights.js';

export const alexnet = /* @__PURE__ */ alexNet('alexnet', weights.alexnet);

/** Every variant by torchvision's name. */
export const models = { alexnet } as const;
