/**
 * The worker's program as text: the build puts image-worker.ts here, bundled. A worker made of text needs no file of its
 * own, which every bundler would have to find and to serve in its own way.
 */
export const code = '';
