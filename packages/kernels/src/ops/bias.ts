import type { Engine, Pointer } from '../engine/engine.js';
import { PANEL, panelsOf } from './geometry.js';

/** Copies a bias [channels] into the arena, for each plane with zeros up to a whole panel. */
export function putBias(engine: Engine, bias: Float32Array, planes: number): Pointer {
  const channels = bias.length / planes;
  const step = PANEL * panelsOf(channels);
  const pointer = engine.alloc(planes * step);
  const target = engine.view(pointer, planes * step).fill(0);
  for (let plane = 0; plane < planes; plane++)
    target.set(bias.subarray(plane * channels, (plane + 1) * channels), plane * step);
  return pointer;
}
