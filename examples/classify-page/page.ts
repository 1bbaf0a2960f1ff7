/**
 * A page that only classifies, without TensorFlow.js. `npx cnnzoo quantize` or `saveQuantized` writes `public/net.safetensors`; build the
 * page with `npx vite build` and serve it with any web server. It computes on all cores if the server isolates the page with the headers
 * `Cross-Origin-Opener-Policy: same-origin` and `Cross-Origin-Embedder-Policy: require-corp`.
 */
import { openClassifier } from '@cnnzoo/deploy/classify';

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const state = element('state');

async function start(): Promise<void> {
  const net = await openClassifier('net.safetensors', {
    progress: ({ loaded, total }) => {
      state.textContent = `${loaded} of ${total ?? '?'} bytes`;
    },
  });
  state.textContent = 'ready';
  element<HTMLInputElement>('file').onchange = async ({ target }) => {
    const [file] = (target as HTMLInputElement).files!;
    if (!file) return;
    const predictions = await net.classify(file, { topK: 3 });
    element('predictions').replaceChildren(
      ...predictions.map(({ label, score }) => {
        const item = document.createElement('li');
        item.textContent = `${label} ${(100 * score).toFixed(2)} %`;
        return item;
      }),
    );
  };
}

start().catch((error: unknown) => {
  state.textContent = String(error);
});
