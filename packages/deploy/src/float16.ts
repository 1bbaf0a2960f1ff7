/** Largest finite value of float16. */
export const LARGEST_FLOAT16 = 65_504;
