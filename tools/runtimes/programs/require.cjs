// Prints the answer of the packages as CommonJS. answers.cjs is made of answers.mjs.
const { digitOf } = require('./answers.cjs');

digitOf('public/seven.png').then((digit) => console.log(JSON.stringify({ digit })));
