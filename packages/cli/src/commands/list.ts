import { type CacheEntry, CnnzooError, listCache, type WeightsEntry } from '@cnnzoo/core';
import { type Column, magnitude, table } from '@cnnzoo/report';
import { writeJson } from '../fault.js';
import { getModel, listModels } from '../models/index.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

/** One set of weights, or a model without weights. */
interface Item {
  readonly model: string;
  readonly entry?: WeightsEntry;
  readonly isDefault: boolean;
  /** True if the weights are in the cache or shipped with the package, so that nothing is downloaded. */
  readonly here: boolean;
}

/** Returns the entries of the cache. A cache that cannot be read is reported and counts as empty. */
async function cached({ terminal: { err, errColors } }: Context): Promise<CacheEntry[]> {
  try {
    return await listCache({ onSkipped: () => undefined });
  } catch (error) {
    if (!(error instanceof CnnzooError)) throw error;
    err(errColors.dim(error.message));
    return [];
  }
}

async function items(names: readonly string[], context: Context): Promise<Item[]> {
  const kept = new Set((await cached(context)).map(({ model, weights }) => `${model} ${weights}`));
  return names.flatMap((name): Item[] => {
    const { DEFAULT, ...entries } = getModel(name).weights;
    if (!DEFAULT) return [{ model: name, isDefault: false, here: false }];
    return Object.values(entries).map((entry) => ({
      model: name,
      entry,
      isDefault: entry === DEFAULT,
      here: kept.has(`${entry.model} ${entry.name}`) || entry.sources.some(({ kind }) => kind === 'package'),
    }));
  });
}

/** Returns the accuracy on the first data set that the entry was measured on. */
const top1 = ({ metrics }: WeightsEntry): number | undefined => Object.values(metrics.values)[0]?.['acc@1'];

const json = ({ model, entry, isDefault, here }: Item) =>
  entry
    ? {
        model,
        weights: entry.name,
        default: isDefault,
        cached: here,
        metrics: entry.metrics.values,
        measuredBy: entry.metrics.measuredBy,
        parameters: entry.parameters,
        gflops: entry.gflops,
        mebibytes: entry.fileSize,
        licence: entry.licence,
        recipe: entry.recipe,
      }
    : { model, weights: null };

/** Writes small numbers with more digits. */
const billions = (gflops: number | undefined): string =>
  gflops === undefined ? '' : gflops < 0.1 ? gflops.toFixed(4) : gflops.toFixed(2);

function lines(list: readonly Item[], { terminal: { colors } }: Context): string[] {
  const columns: Column[] = [
    { head: 'model', paint: colors.bold },
    { head: 'weights', paint: (cell) => cell.replace('✓', colors.green('✓')) },
    { head: 'top-1', align: 'right' },
    { head: 'params', align: 'right' },
    { head: 'GFLOPS', align: 'right' },
    { head: 'MiB', align: 'right' },
    { head: 'licence', paint: colors.dim },
  ];
  const rows = list.map(({ model, entry, isDefault, here }, i) => [
    model === list[i - 1]?.model ? '' : model,
    ...(entry
      ? [
          `${here ? '✓' : ' '} ${entry.name}${isDefault ? ' *' : ''}`,
          top1(entry)?.toFixed(2) ?? '',
          magnitude(entry.parameters),
          billions(entry.gflops),
          entry.fileSize.toFixed(entry.fileSize < 10 ? 2 : 1),
          entry.licence,
        ]
      : ['  none', '', '', '', '', '']),
  ]);
  return [
    ...table(columns, rows, colors.dim),
    '',
    colors.dim('* default   ✓ on this machine, cached or shipped with the package'),
    colors.dim('top-1: per cent of the data set named   GFLOPS: 10⁹ multiply-adds an image'),
  ];
}

/** Lists the weights of the models that match the pattern. */
export async function list(pattern: string, options: CommonOptions, context: Context): Promise<number> {
  const names = listModels(pattern);
  if (names.length === 0)
    throw new CnnzooError('INPUT', `No model fits '${pattern}'. \`cnnzoo list\` without a pattern shows all.`);
  const found = await items(names, context);
  if (options.json) writeJson(context, found.map(json));
  else context.terminal.out(lines(found, context).join('\n'));
  return EXIT.ok;
}
