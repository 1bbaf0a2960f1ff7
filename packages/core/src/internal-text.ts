/** Names made visible, for the command and its reports: apart from the other insides, since a page may load it. */
export { visible, visibleText } from './util/index.js';
