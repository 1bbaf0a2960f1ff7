/**
 * Error thrown by @cnnzoo/kernels. Its message says what was expected, what was received and what to do.
 *
 * @example
 * ```ts
 * import { accelerate, KernelError } from '@cnnzoo/kernels';
 *
 * try {
 *   await accelerate({ threads: 2 });
 * } catch (error) {
 *   if (!(error instanceof KernelError)) throw error;
 *   console.warn(`Running without the kernels: ${error.message}`);
 * }
 * ```
 */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}
