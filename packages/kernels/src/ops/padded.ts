import type { Engine, Pointer } from '../engine/index.js';
import { denseView, type MapShape, type MapView, PANEL, type Padding, panelsOf } from './geometry.js';

/**
 * Copies a map into the arena and surrounds it with zeros. Every window is then a few contiguous stretches of memory,
 * and no kernel has to treat padding. Returns the map with its padding.
 */
export function putPadded(engine: Engine, values: Float32Array, map: MapShape, padding: Padding): MapView {
  const { top, bottom, left, right } = padding;
  const { images, height, width, channels } = map;
  const padded = { images, height: height + top + bottom, width: width + left + right, channels };
  if (top + bottom + left + right === 0) return denseView(engine.put(values), padded);
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
      engine.write(pointer + 4 * to, values.subarray(from, from + row));
      to += row;
      from += row;
      if (y < height - 1) zeros((left + right) * channels);
    }
    zeros((right + bottom * padded.width) * channels);
  }
  return denseView(pointer, padded);
}

/** Fills a bias [channels] up with zeros to whole panels for each plane. */
export function panelBias(bias: Float32Array, planes: number): Float32Array {
  const channels = bias.length / planes;
  const step = PANEL * panelsOf(channels);
  const panels = new Float32Array(planes * step);
  for (let plane = 0; plane < planes; plane++)
    panels.set(bias.subarray(plane * channels, (plane + 1) * channels), plane * step);
  return panels;
}

/** Copies a bias [channels] into the arena, as `panelBias` gives it. */
export const putBias = (engine: Engine, bias: Float32Array, planes: number): Pointer =>
  engine.put(panelBias(bias, planes));
