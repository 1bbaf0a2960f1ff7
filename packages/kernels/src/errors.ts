/** What @cnnzoo/kernels throws: its message says what was expected, what came, and what to do. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}
