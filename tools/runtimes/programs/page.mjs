// The program of a page: the same answers, what two workers decode, the label from a net in a worker of its own, and every
// warning, as the text of <output>.
import { answers } from './answers.mjs';
import { labelsFrom } from './served.mjs';
import { sums } from './sums.mjs';
import { startWorker } from './web-worker.mjs';

const warnings = [];
for (const level of ['log', 'info', 'warn', 'error']) {
  const print = console[level];
  console[level] = (...texts) => {
    warnings.push(texts.join(' '));
    print(...texts);
  };
}

/** Fetches the files of the folder that the other programs read from the disk. */
async function files() {
  const names = ['a', 'b'].flatMap((label) => ['0.jpg', '1.webp'].map((name) => [label, name]));
  return Promise.all(
    names.map(async ([label, name]) => {
      const file = new File([await (await fetch(`folder/${label}/${name}`)).blob()], name);
      Object.defineProperty(file, 'webkitRelativePath', { value: `folder/${label}/${name}` });
      return file;
    }),
  );
}

async function everything() {
  const found = await answers({ digit: 'seven.png', photograph: 'rocket.jpg' });
  return {
    ...found,
    alone: await sums(await files(), 0),
    workers: await sums(await files(), 2),
    served: await labelsFrom([startWorker], 'seven.png'),
  };
}

const show = (value) => {
  const output = document.createElement('output');
  output.textContent = JSON.stringify({ ...value, warnings });
  document.body.append(output);
};
everything().then(show, (error) => show({ error: String(error?.stack ?? error) }));
