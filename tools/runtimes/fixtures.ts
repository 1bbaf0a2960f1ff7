import { fileURLToPath } from 'node:url';

/** Images of the programs. */
export const FIXTURES = {
  digit: fileURLToPath(new URL('../release/fixtures/seven.png', import.meta.url)),
  photograph: fileURLToPath(new URL('../../examples/photos/rocket.jpg', import.meta.url)),
};
