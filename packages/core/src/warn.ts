import { visibleText } from './visible.js';

const said = new Set<string>();

/** Says something that the user should know but that stops nothing. Each message once. */
export function warn(message: string): void {
  if (said.has(message)) return;
  said.add(message);
  console.warn(`cnnzoo: ${visibleText(message)}`);
}
