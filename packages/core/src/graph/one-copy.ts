import { type LayersModel, layers } from '@tensorflow/tfjs-layers';
import { CnnzooError } from '../util/index.js';

/**
 * Refuses a net of another copy of tfjs-layers, whose tensors are none to the layers of this one.
 *
 * @throws CnnzooError INPUT.
 */
export function requireOneCopy({ inputs }: LayersModel): void {
  if (inputs.every(({ sourceLayer }) => sourceLayer instanceof layers.Layer)) return;
  throw new CnnzooError(
    'INPUT',
    'Expected a net of the @tensorflow/tfjs-layers that cnnzoo imports, received one of another copy. Import no ' +
      '@tensorflow/tfjs beside it.',
  );
}
