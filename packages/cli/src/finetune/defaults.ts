/** What somebody who fine-tunes for the first time gets. By itself, so that the help needs nothing else. */
export const DEFAULTS = { model: 'resnet18', freeze: 'backbone', epochs: 20, batchSize: 32, seed: 0 } as const;
