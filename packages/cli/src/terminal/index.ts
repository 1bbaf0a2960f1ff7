export { type CommonOptions, type Context, EXIT } from './context.js';
export { type Colors, processTerminal, type Terminal } from './terminal.js';
