import { CnnzooError } from '../../errors.js';
import { checkEarlyStopping } from './best-weights.js';
import type { FitOptions, StageOptions } from './options.js';

/** What one stage is run with: what it says itself, and of the rest what stands around it. */
export type Stage = StageOptions & { readonly epochs: number; readonly batchSize: number; readonly accumulate: number };

/** The stages of a training, one where none are named. */
export function stagesOf(options: FitOptions): Stage[] {
  const { stages = [{}], validation } = options;
  if (stages.length === 0) throw new CnnzooError('INPUT', 'fit: expected at least one stage, received none.');
  return stages.map((own, i) => {
    const { optimizer, epochs = 1, batchSize = 32, accumulate = 1, ...rest } = { ...options, ...own };
    const where = stages.length > 1 ? `stage ${i}` : 'fit';
    if (!optimizer)
      throw new CnnzooError(
        'INPUT',
        `${where}: expected an optimizer, received none. Give sgd({ lr: 0.01 }), for example.`,
      );
    if (rest.earlyStopping && !validation)
      throw new CnnzooError('INPUT', `${where}: earlyStopping watches the validation: give a validation set.`);
    if (rest.earlyStopping) checkEarlyStopping(rest.earlyStopping);
    return { ...rest, optimizer, epochs, batchSize, accumulate };
  });
}
