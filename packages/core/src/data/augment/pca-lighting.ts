import { CnnzooError } from '../../errors.js';
import { type Augment, type PixelImage, requireBytes, withRecipe } from './augment.js';

/**
 * Principal components of the RGB values of ImageNet's training images on the scale 0..1, as computed for
 * fb.resnet.torch (datasets/imagenet.lua) and used since. Rows: R, G, B; columns: the components.
 */
const EIGENVALUES = [0.2175, 0.0188, 0.0045] as const;
const EIGENVECTORS = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;

/** Adds the sum of the components, each times its eigenvalue and its `alpha`, to every pixel; rounded and clipped. */
export function addLighting(image: PixelImage<Uint8Array>, alphas: ArrayLike<number>): PixelImage<Uint8Array> {
  const tables = EIGENVECTORS.map((row) => {
    const offset = 255 * row.reduce((sum, value, i) => sum + value * EIGENVALUES[i]! * alphas[i]!, 0);
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => Math.floor(value + offset + 0.5));
  });
  return { ...image, data: image.data.map((value, i) => tables[i % 3]![value]!) };
}

/**
 * AlexNet's change of the light's intensity and colour (Krizhevsky, Sutskever and Hinton, 2012, section 4.1): one
 * normal deviate for each principal component, of the standard deviation `std`, 0.1 in the paper. For RGB images of
 * bytes.
 */
export function pcaLighting(std = 0.1): Augment {
  if (!(std >= 0 && Number.isFinite(std)))
    throw new CnnzooError('INPUT', `pcaLighting: expected a standard deviation of at least 0, received ${std}.`);
  return withRecipe('pcaLighting', [std], (image, random) => {
    const bytes = requireBytes('pcaLighting', image);
    if (bytes.channels !== 3)
      throw new CnnzooError('INPUT', 'pcaLighting: expected an RGB image, received a grey one.');
    return addLighting(bytes, random.fillNormal(new Float32Array(3), 0, std));
  });
}
