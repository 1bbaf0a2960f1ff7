/** How many values a tensor of this shape holds, as PyTorch's numel; 1 for a scalar's []. */
export const numel = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
