// Apart from late.ts: backends lead to TensorFlow.js, which a page that only classifies does without.
export * from '#backends';
