/** Escapes control characters, for the command and its reports. Apart from the other internals: a page may load it. */
export { visible, visibleText } from './util/index.js';
