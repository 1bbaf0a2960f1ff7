export { type CountProgress, countProgress, epochLine } from './count.js';
export { type DownloadProgress, downloadLine, downloadProgress, type Loaded } from './download.js';
export { progressBar } from './progress-bar.js';
