export { filesShown } from './mistakes.js';
export { picturesOf, picturesOfFiles } from './pictures.js';
export { preview } from './preview.js';
export { report } from './report.js';
export { type Answer, type Tally, tallyOf } from './tally.js';
