import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { version } from '../package.json';
import type { CacheAction } from './commands/cache.js';
import type { ClassifyOptions } from './commands/classify.js';
import type { SummaryOptions } from './commands/summary.js';
import { type CommonOptions, type Context, EXIT } from './context.js';

const whole = (text: string): number => {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError('Expected 1, 2, 3, …');
  return value;
};

const size = (text: string): [height: number, width: number] => {
  const sides = /^(\d+)x(\d+)$/i.exec(text)?.slice(1).map(Number);
  if (!sides || sides.includes(0)) throw new InvalidArgumentError('Expected HEIGHTxWIDTH in pixels, such as 224x224.');
  return [sides[0]!, sides[1]!];
};

const JSON_OPTION = ['--json', 'one JSON document on stdout, errors included'] as const;

/**
 * Runs the command line `argv` (without node and script) and resolves to the exit code. Commands are imported when
 * they are called: help and version start no TensorFlow.js.
 */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  const { terminal } = context;
  const { bold } = terminal.colors;
  let code: number = EXIT.ok;

  const examples = (...lines: readonly string[]): string =>
    `\n${bold('Examples:')}\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

  /** Runs a command; what it throws becomes a message and an exit code. */
  const perform = async ({ json }: CommonOptions, job: () => Promise<number>): Promise<void> => {
    try {
      code = await job();
      if (context.signal.aborted) code = EXIT.interrupted;
    } catch (error) {
      code = (await import('./fault.js')).report(error, context, json);
    }
  };

  const program = new Command('cnnzoo')
    .description('Pretrained convolutional networks from the command line.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.err(text.trimEnd()),
      getOutHasColors: () => terminal.colors.isColorSupported,
      getErrHasColors: () => terminal.errColors.isColorSupported,
      getOutHelpWidth: () => terminal.columns,
      getErrHelpWidth: () => terminal.columns,
    })
    .configureHelp({
      styleTitle: (text) => bold(text),
      styleSubcommandTerm: (text) => terminal.colors.cyan(text),
      styleOptionTerm: (text) => terminal.colors.cyan(text),
      subcommandTerm: (command) =>
        [
          command.name(),
          ...command.registeredArguments.map(
            (a) => `${a.required ? '' : '['}${a.name()}${a.variadic ? '...' : ''}${a.required ? '' : ']'}`,
          ),
        ].join(' '),
    })
    .showHelpAfterError('(add --help for what it takes)')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `${examples(
        'cnnzoo classify cat.jpg',
        'cnnzoo classify *.png --model resnet18 --top 3',
        "cnnzoo list 'resnet*'",
        'cnnzoo summary resnet18 --input 64x64',
        'cnnzoo cache list',
      )}

${bold('Environment:')}
  CNNZOO_CACHE   where weights are kept, in place of your cache directory
  CNNZOO_MIRROR  a directory or server of yours that is asked first
  NO_COLOR       no colours

${bold('Exit codes:')} 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    );

  program
    .command('classify')
    .summary('name what is in images')
    .description('Names what is in images. Weights are downloaded once, verified, and kept.')
    .argument('<IMAGE...>', 'paths or URLs of JPEG, PNG or WebP images')
    .option('-m, --model <MODEL>', 'which net looks; `cnnzoo list` names them', 'resnet50')
    .option(
      '-w, --weights <NAME|PATH>',
      'a name from `cnnzoo list`, or a .safetensors or .pth file (default: the best)',
    )
    .option('-t, --top <K>', 'answers an image gets', whole, 5)
    .option(
      '-b, --backend <NAME>',
      'tfjs-node-gpu, tfjs-node, wasm or cpu (default: the first of these that is installed)',
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'cnnzoo classify cat.jpg',
        'cnnzoo classify cat.jpg dog.png --model resnet18 --top 3',
        'cnnzoo classify cat.jpg --model resnet50 --weights IMAGENET1K_V1',
        'cnnzoo classify digit.png --model lenet5_relu',
        'cnnzoo classify cat.jpg --weights ./resnet50.pth --json | jq .images[0].predictions[0].label',
      ),
    )
    .action((images: string[], options: ClassifyOptions) =>
      perform(options, async () => (await import('./commands/classify.js')).classify(images, options, context)),
    );

  program
    .command('list')
    .summary('models and their weights')
    .description('Models and their weights: accuracy, size, licence, and whether they are on this machine.')
    .argument('[PATTERN]', '* stands for any characters, ? for one', '*')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('cnnzoo list', "cnnzoo list 'wide*'", "cnnzoo list 'resnet*' --json"))
    .action((pattern: string, options: CommonOptions) =>
      perform(options, async () => (await import('./commands/list.js')).list(pattern, options, context)),
    );

  program
    .command('summary')
    .summary('layers, shapes, parameters and multiply-adds of a model')
    .description('Layer by layer: output shape, parameters, multiply-adds and receptive field. Needs no weights.')
    .argument('<MODEL>', 'a name from `cnnzoo list`')
    .option('-i, --input <HxW>', "height and width of the image (default: the model's own)", size)
    .option(...JSON_OPTION)
    .addHelpText('after', examples('cnnzoo summary resnet18', 'cnnzoo summary resnet50 --input 320x480'))
    .action((model: string, options: SummaryOptions) =>
      perform(options, async () => (await import('./commands/summary.js')).summary(model, options, context)),
    );

  const cache = program
    .command('cache')
    .summary('the weights kept on this machine: list, verify, clear')
    .helpCommand(false)
    .description("The weights kept on this machine: in CNNZOO_CACHE, else in your user's cache directory.")
    .addHelpText('after', examples('cnnzoo cache list', 'cnnzoo cache verify', 'cnnzoo cache clear'));
  const actions: Readonly<Record<CacheAction, string>> = {
    list: 'what is kept, and where',
    verify: 'hash every file again; exit code 1 where one is damaged',
    clear: 'remove everything, unfinished downloads too',
  };
  for (const [action, description] of Object.entries(actions) as [CacheAction, string][])
    cache
      .command(action)
      .description(description)
      .option(...JSON_OPTION)
      .action((options: CommonOptions) =>
        perform(options, async () => (await import('./commands/cache.js')).cache[action](options, context)),
      );

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}
