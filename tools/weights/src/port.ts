/** port: writes checkpoints as safetensors, one or all. See `port --help`. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CnnzooError, openTensors, useBackend } from '@cnnzoo/core';
import { downloadWeights, MODEL_KEY, namedEntry, pathOf, resolveEntry } from '@cnnzoo/core/internal';
import { Command, Option } from 'commander';
import { PARITY } from '../../../test/harness/parity.js';
import { type Member, members } from './families.js';
import { makeMirror } from './mirror.js';
import { type Narrow, type Ported, portFile, sha256Of } from './port-file.js';
import { run } from './run.js';

interface Options {
  model?: string;
  weights?: string;
  dtype?: Narrow;
  out?: string;
  all?: string;
}

const program = new Command('port')
  .description('Writes a checkpoint as safetensors and checks the result against its source.')
  .argument('[what]', "a model's name, whose weights are downloaded or read from the cache, or a checkpoint file")
  .option('--model <name>', 'the model of a file; needed if neither its metadata nor its hash tells')
  .option('--weights <entry>', "which of the model's weights, e.g. IMAGENET1K_V1. Default: its default weights")
  .addOption(
    new Option('--dtype <type>', 'halve or quarter the size by converting floats').choices(['float16', 'int8']),
  )
  .option('--out <file>', 'file to write. Default: <model>-<weights>.safetensors')
  .option('--all <dir>', 'port all weights of all models into a directory for CNNZOO_MIRROR')
  .addHelpText(
    'after',
    `
Examples:
  port resnet50 --weights IMAGENET1K_V1
  port finetuned.pth --model resnet18 --out finetuned.safetensors
  port resnet50 --dtype int8
  port --all mirror/        then: CNNZOO_MIRROR=mirror/`,
  )
  .parse();

const report = (ported: Ported, dtype?: Narrow): void => {
  const values = ported.identical ? 'values identical to the source' : `values rounded to ${dtype}`;
  console.log(
    `${ported.path}\n  ${(ported.bytes / 2 ** 20).toFixed(3)} MiB, sha256 ${ported.sha256}\n` +
      `  ${values}; max|difference| / max|logit| ${ported.error.toExponential(1)}`,
  );
};

/** Returns the model that a file's metadata names, which `port` and `save` write. */
async function namedIn(path: string): Promise<string | undefined> {
  const file = await openTensors(path);
  await file.close();
  return file.metadata[MODEL_KEY];
}

/**
 * Finds the model of a file: the given one, the one that its metadata names, or the one that published a file of this
 * hash.
 */
async function ownerOf(path: string, given: string | undefined): Promise<Member> {
  const name = given ?? (await namedIn(path));
  if (name) return members([name])[0]!;
  const sha256 = await sha256Of(path);
  const owner = members().find(({ definition }) =>
    Object.values(definition.weights).some(({ sources }) =>
      sources.some(
        ({ sha256: whole, hashPrefix }) => whole === sha256 || (hashPrefix && sha256.startsWith(hashPrefix)),
      ),
    ),
  );
  if (owner) return owner;
  throw new CnnzooError('INPUT', `${path} is not a published file (sha256 ${sha256}): say whose it is, --model NAME.`);
}

async function portOne(given: string, { model, weights, dtype, out }: Options): Promise<void> {
  const what = pathOf(given);
  const isFile = existsSync(what);
  if (!isFile && /[./\\]/.test(what)) throw new CnnzooError('FILE', `There is no file '${resolve(what)}'.`);
  const { name, definition } = isFile ? await ownerOf(what, model) : members([what])[0]!;
  const named = namedEntry(definition, weights ?? (isFile ? what : 'DEFAULT'));
  const origin = await downloadWeights(name, { entry: named, given: isFile ? what : undefined });
  const file = await origin.read();
  try {
    const entry = named ?? (await resolveEntry(definition, { ...origin, file }, what));
    const path = out === undefined ? `${name}-${entry.name}${dtype ? `-${dtype}` : ''}.safetensors` : pathOf(out);
    const ported = await portFile(file, definition, entry.name, path, { dtype });
    report(ported, dtype);
    // A value beyond float16 is infinite, and the error NaN.
    if (!(ported.error <= (dtype ? Number.MAX_VALUE : PARITY))) process.exitCode = 1;
  } finally {
    await file.close();
  }
}

await run(async () => {
  const [what] = program.args;
  const options = program.opts<Options>();
  if ((what === undefined) === (options.all === undefined)) program.help({ error: true });
  if (options.all !== undefined && options.dtype !== undefined)
    throw new CnnzooError('INPUT', `--dtype is for one file: a mirror holds the weights as published.`);
  await useBackend();
  if (what !== undefined) return portOne(what, options);
  const failures = await makeMirror(pathOf(options.all!), members(), {
    done: (_member, _weights, ported) => report(ported),
    failed: ({ name }, weights, error) => console.error(`${name} ${weights}: ${(error as Error).message}`),
  });
  if (failures > 0) throw new CnnzooError('DOWNLOAD', `${failures} sets of weights are missing from the mirror.`);
});
