import { basename, resolve } from 'node:path';
import { visible } from '@cnnzoo/core/internal/text';
import type { History } from '@cnnzoo/core/train';
import { duration, percent, quoted } from '@cnnzoo/report';
import { writeJson } from '../fault.js';
import { factsOf } from './facts.js';
import { type Job, write } from './job.js';
import { placesIn } from './out.js';
import { type Answer, filesShown, picturesOfFiles, report, type Tally, tallyOf } from './report/index.js';
import { commandOf } from './settings.js';

/** Writes the report and prints the result. */
export async function conclude(job: Job, history: History, answers: readonly Answer[], seconds: number): Promise<void> {
  const { folder, out, options, data, net, context } = job;
  const places = placesIn(out);
  const { categories, train, validation, corrupt } = data;
  const tally = tallyOf(answers, categories.length);
  const trained = categories.map((_, label) => train.files.filter((file) => file.label === label).length);
  await write(
    places.report,
    report({
      title: `${options.model} on ${basename(resolve(folder))}`,
      history,
      tally,
      categories,
      trained,
      facts: factsOf({ ...job, history, duration: duration(seconds) }),
      command: commandOf(folder, options),
      corrupt,
      pictures: await picturesOfFiles(net, filesShown(tally)),
    }),
  );
  if (options.json) writeJson(context, summaryOf(job, history, tally));
  else
    context.terminal.out(
      `top-1 ${percent(tally.top1)} of ${validation.size} validation images\n` +
        `Report: ${visible(places.report)}\n` +
        `Next: cnnzoo classify ${quoted(validation.files[0]!.name)} --model ${quoted(asPath(out))}`,
    );
}

/** Returns a path in a form that is not taken for a model's name. */
const asPath = (path: string): string => (/^\.{0,2}[/\\]|^[a-z]:/i.test(path) ? path : `./${path}`);

const summaryOf = ({ out, options, data, net }: Job, { epochs, seed }: History, { top1 }: Tally) => ({
  model: options.model,
  weights: net.weights ?? null,
  categories: data.categories,
  images: { training: data.train.size, validation: data.validation.size },
  corrupt: data.corrupt,
  epochs: epochs.length,
  seed,
  top1,
  out,
});
