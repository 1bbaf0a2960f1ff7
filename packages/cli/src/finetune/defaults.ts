/** Default options. They are in a file of their own, so that `--help` loads nothing else. */
export const DEFAULTS = { model: 'resnet18', freeze: 'backbone', epochs: 20, batchSize: 32, seed: 0 } as const;
