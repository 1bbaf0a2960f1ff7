/**
 * Program of the image worker as text. The build puts the bundled data/pipeline/browser-worker.ts here. As text, the
 * worker needs no file of its own, which each bundler would have to find and serve in its own way.
 */
export const code = '';
