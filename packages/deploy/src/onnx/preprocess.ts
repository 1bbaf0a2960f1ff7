import { CnnzooError, type Preprocessing } from '@cnnzoo/core';
import { TensorProto_DataType as DataType } from './onnx-schema.js';
import type { OnnxWriter } from './onnx-writer.js';

/** Pillow's weights of red, green and blue in grey, over 65,536 (ITU-R BT.601). */
const GREY = [19_595, 38_470, 7_471].map((weight) => weight / 65_536);

/**
 * Writes the preprocessing of one image of any size as operators: uint8 [height, width, 3] -> float32 [1, channels, rows, columns]. It is
 * that of `preprocess`, but for the resizing: ONNX's antialiased one rounds once where Pillow rounds after each axis, so that a pixel may differ
 * by a step of 256.
 *
 * @param input name of the image.
 * @returns name of the batch.
 * @throws CnnzooError INPUT for a crop that is larger than the resized image, which needs padding.
 */
export function writePreprocessing(writer: OnnxWriter, input: string, preprocessing: Preprocessing): string {
  const { resize, crop, channels, mean, std } = preprocessing;
  if (resize !== null && Math.max(...crop) > resize)
    throw new CnnzooError(
      'INPUT',
      `exportOnnx: with preprocessing, expected a crop of at most the resized side of ${resize} pixels, the net has ${crop.join(' x ')}. ` +
        'Export without preprocessing.',
    );
  const add = (op: string, inputs: readonly string[], attributes = {}, name = op.toLowerCase()): string =>
    writer.add(op, inputs, attributes, `preprocessing.${name}`);
  const ints = (...values: readonly number[]): string =>
    writer.constant('preprocessing.ints', DataType.INT64, [values.length], values);
  const floats = (values: readonly number[], shape: readonly number[] = [values.length]): string =>
    writer.constant('preprocessing.floats', DataType.FLOAT, shape, values);
  const rounded = (x: string): string =>
    add('Clip', [add('Floor', [add('Add', [x, floats([0.5], [])])]), floats([0], []), floats([255], [])]);

  const pixels = add('Cast', [input], { to: DataType.FLOAT });
  const coloured = channels === 1 ? rounded(add('MatMul', [pixels, floats(GREY, [3, 1])])) : pixels;
  const image = add('Unsqueeze', [add('Transpose', [coloured], { perm: [2, 0, 1] }), ints(0)]);

  // The shorter side becomes `resize`; the longer one in proportion, truncated.
  const extents = add('Slice', [add('Shape', [image]), ints(2), ints(4)], {}, 'extents');
  const sizes =
    resize === null
      ? ints(...crop)
      : add(
          'Div',
          [add('Mul', [extents, ints(resize)]), add('ReduceMin', [extents, ints(0)], { keepdims: 1 })],
          {},
          'sizes',
        );
  const whole = add('Concat', [ints(1, channels), sizes], { axis: 0 }, 'whole');
  const resized = rounded(
    // Weights outside of the image are left out, as by Pillow.
    add('Resize', [image, '', '', whole], {
      mode: 'linear',
      antialias: 1,
      // Weights outside of the image are left out, as by Pillow.
      exclude_outside: 1,
      coordinate_transformation_mode: 'half_pixel',
    }),
  );

  // The centre: Round is half to even, as Python's.
  const room = add('Cast', [add('Sub', [sizes, ints(...crop)])], { to: DataType.FLOAT }, 'room');
  const start = add('Cast', [add('Round', [add('Mul', [room, floats([0.5])])])], { to: DataType.INT64 }, 'start');
  const centre = add('Slice', [resized, start, add('Add', [start, ints(...crop)]), ints(2, 3)], {}, 'centre');

  const scale = floats(
    std.map((deviation) => 1 / (255 * deviation)),
    [channels, 1, 1],
  );
  const shift = floats(
    mean.map((value, i) => -value / std[i]!),
    [channels, 1, 1],
  );
  return add('Add', [add('Mul', [centre, scale], {}, 'scaled'), shift], {}, 'images');
}
