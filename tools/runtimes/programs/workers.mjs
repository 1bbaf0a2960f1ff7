// Prints the values of images that two worker threads have decoded, next to those of the main thread, and core's warnings.
import { sums } from './sums.mjs';

const warnings = [];
console.warn = (text) => void warnings.push(String(text));

const alone = await sums('folder', 0);
console.log(JSON.stringify({ alone, workers: await sums('folder', 2), warnings }));
