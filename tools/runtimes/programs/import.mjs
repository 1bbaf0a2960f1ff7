// Prints the answers of the packages as ES modules.
import { answers } from './answers.mjs';

console.log(JSON.stringify(await answers({ digit: 'public/seven.png', photograph: 'public/rocket.jpg' })));
