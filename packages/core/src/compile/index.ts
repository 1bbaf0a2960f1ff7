export { type CompileOptions, compile } from './compile.js';
