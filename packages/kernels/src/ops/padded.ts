import type { Engine, Pointer } from '../engine/index.js';
import { type MapShape, PANEL, type Padding, panelsOf } from './geometry.js';

/** Map in the arena, surrounded by its padding. */
export interface PaddedMap {
  readonly pointer: Pointer;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Copies a map into the arena and surrounds it with zeros. Every window is then a few contiguous stretches of memory,
 * and no kernel has to treat padding.
 */
export function putPadded(engine: Engine, values: Float32Array, map: MapShape, padding: Padding): PaddedMap {
  const { top, bottom, left, right } = padding;
  const { images, height, width, channels } = map;
  const padded = { height: height + top + bottom, width: width + left + right, channels };
  if (top + bottom + left + right === 0) return { ...padded, pointer: engine.put(values) };
  const floats = images * padded.height * padded.width * channels;
  const pointer = engine.alloc(floats);
  const target = engine.view(pointer, floats);
  const row = width * channels;
  let to = 0;
  let from = 0;
  const zeros = (count: number) => {
    target.fill(0, to, to + count);
    to += count;
  };
  for (let image = 0; image < images; image++) {
    zeros((top * padded.width + left) * channels);
    for (let y = 0; y < height; y++) {
      target.set(values.subarray(from, from + row), to);
      to += row;
      from += row;
      if (y < height - 1) zeros((left + right) * channels);
    }
    zeros((right + bottom * padded.width) * channels);
  }
  return { ...padded, pointer };
}

/** Copies a bias [channels] into the arena, filled up with zeros to a whole panel for each plane. */
export function putBias(engine: Engine, bias: Float32Array, planes: number): Pointer {
  const channels = bias.length / planes;
  const step = PANEL * panelsOf(channels);
  const pointer = engine.alloc(planes * step);
  const target = engine.view(pointer, planes * step).fill(0);
  for (let plane = 0; plane < planes; plane++)
    target.set(bias.subarray(plane * channels, (plane + 1) * channels), plane * step);
  return pointer;
}
