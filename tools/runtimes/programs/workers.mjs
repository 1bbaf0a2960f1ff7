// Prints what worker threads give, and core's warnings.
import { threads } from './threads.mjs';

const warnings = [];
console.warn = (text) => void warnings.push(String(text));

console.log(JSON.stringify({ ...(await threads()), warnings }));
