import type { Tensor } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../errors.js';
import type { DecodedImage } from './decoded.js';

/**
 * The pixels of a tensor [height, width, channels] of 1, 3 or 4 channels: int32 0..255, or float32 0..1, which is
 * multiplied by 255 and rounded, as `tf.browser.toPixels` does it. The tensor stays the caller's.
 *
 * @param name for messages.
 */
export async function tensorPixels(tensor: Tensor, name: string): Promise<DecodedImage> {
  const [height, width, channels] = tensor.shape;
  if (tensor.rank !== 3 || tensor.size === 0 || (channels !== 1 && channels !== 3 && channels !== 4))
    throw new CnnzooError(
      'INPUT',
      `${name}: expected a tensor [height, width, channels] of 1, 3 or 4 channels, received [${tensor.shape.join(', ')}].`,
    );
  if (tensor.dtype !== 'int32' && tensor.dtype !== 'float32')
    throw new CnnzooError('INPUT', `${name}: expected an int32 or float32 tensor, received ${tensor.dtype}.`);
  const highest = tensor.dtype === 'int32' ? 255 : 1;
  const values = await tensor.data();
  const data = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (!(value >= 0 && value <= highest))
      throw new CnnzooError(
        'INPUT',
        `${name}: expected values from 0 to ${highest} in a tensor of ${tensor.dtype}, received ${value}. ` +
          'Give int32 from 0 to 255, or float32 from 0 to 1.',
      );
    data[i] = highest === 1 ? Math.round(value * 255) : value;
  }
  return { data, width: width!, height: height!, channels };
}
