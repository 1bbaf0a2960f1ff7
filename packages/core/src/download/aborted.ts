import { CnnzooError } from '../errors.js';

export const abortedError = (signal: AbortSignal): CnnzooError =>
  new CnnzooError('ABORTED', 'The download was aborted by its signal.', { cause: signal.reason });
