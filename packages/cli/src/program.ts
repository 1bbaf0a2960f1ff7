import { visibleText } from '@cnnzoo/core/internal/text';
import { Command, CommanderError, Option } from 'commander';
import { version } from '../package.json';
import { part, positive, seed, size, whole } from './arguments.js';
import type { CacheAction } from './commands/cache.js';
import type { ClassifyOptions } from './commands/classify.js';
import type { ExportOptions } from './commands/export.js';
import type { QuantizeOptions } from './commands/quantize.js';
import type { SummaryOptions } from './commands/summary.js';
import { DEFAULTS } from './finetune/defaults.js';
import type { FinetuneOptions } from './finetune/settings.js';
import { type CommonOptions, type Context, EXIT } from './terminal/index.js';

const JSON_OPTION = ['--json', 'one JSON document on stdout, errors included'] as const;

/**
 * Runs the command line `argv` (without node and script) and resolves to the exit code. Each command is imported when
 * it is called, so that `--help` and `--version` do not load TensorFlow.js.
 */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  const { terminal } = context;
  const { bold } = terminal.colors;
  let code: number = EXIT.ok;

  const examples = (...lines: readonly string[]): string =>
    `\n${bold('Examples:')}\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

  /** Runs a command. An error that it throws becomes a message and an exit code. */
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
      // Arguments may be file names that a shell filled in, with control characters.
      outputError: (text, write) => write(visibleText(text)),
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
    .showHelpAfterError('(add --help for usage)')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `${examples(
        'cnnzoo classify cat.jpg',
        'cnnzoo classify *.png --model resnet18 --top 3',
        "cnnzoo list 'resnet*'",
        'cnnzoo summary resnet18 --input 64x64',
        'cnnzoo finetune flowers',
        'cnnzoo export resnet18',
        'cnnzoo quantize resnet18 --images photos --out resnet18-int8.onnx',
        'cnnzoo bench resnet18',
        'cnnzoo cache list',
      )}

${bold('Environment:')}
  CNNZOO_CACHE   directory for weights, instead of your cache directory
  CNNZOO_MIRROR  your own directory or server of weights, tried first
  HTTPS_PROXY    proxy for downloads; also HTTP_PROXY, ALL_PROXY, NO_PROXY
  NO_COLOR       no colours

${bold('Exit codes:')} 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C.`,
    );

  program
    .command('classify')
    .summary('classify images')
    .description(
      'Classifies images. Weights are downloaded once, verified and kept in the cache. With --out, classifies all images in a ' +
        'folder; the same command goes on where it was stopped.',
    )
    .argument('<IMAGE...>', 'paths or URLs of JPEG, PNG or WebP images; with --out, a folder')
    .option('-m, --model <MODEL>', 'a name from `cnnzoo list`, or the path of a saved net', 'resnet50')
    .option(
      '-w, --weights <NAME|PATH>',
      'a name from `cnnzoo list`, or a .safetensors or .pth file (default: the best)',
    )
    .option('-t, --top <K>', 'number of predictions for each image', whole, 5)
    .option('-o, --out <FILE>', 'file for the results of a folder, a line of JSON for each image')
    .option('--batch <N>', 'images of a folder that the net takes at once (default: 16)', whole)
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
        'cnnzoo classify rose.jpg --model ./flowers-resnet18',
        'cnnzoo classify photos --out photos.jsonl --batch 32',
        'cnnzoo classify cat.jpg --weights ./resnet50.pth --json | jq .images[0].predictions[0].label',
      ),
    )
    .action((images: string[], options: ClassifyOptions) =>
      perform(options, async () => (await import('./commands/classify.js')).classify(images, options, context)),
    );

  program
    .command('list')
    .summary('list models and their weights')
    .description('Lists models and their weights: accuracy, size, licence, and whether they are on this machine.')
    .argument('[PATTERN]', '* stands for any characters, ? for one', '*')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('cnnzoo list', "cnnzoo list 'wide*'", "cnnzoo list 'resnet*' --json"))
    .action((pattern: string, options: CommonOptions) =>
      perform(options, async () => (await import('./commands/list.js')).list(pattern, options, context)),
    );

  program
    .command('summary')
    .summary('show layers, shapes, parameters and multiply-adds of a model')
    .description('Shows output shape, parameters, multiply-adds and receptive field of each layer. Needs no weights.')
    .argument('<MODEL>', 'a name from `cnnzoo list`')
    .option('-i, --input <HxW>', "height and width of the image (default: the model's own)", size)
    .addOption(new Option('--svg', 'a drawing of the net as it is exported, instead of the table').conflicts('json'))
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'cnnzoo summary resnet18',
        'cnnzoo summary resnet50 --input 320x480',
        'cnnzoo summary resnet18 --svg > resnet18.svg',
      ),
    )
    .action((model: string, options: SummaryOptions) =>
      perform(options, async () => (await import('./commands/summary.js')).summary(model, options, context)),
    );

  program
    .command('finetune')
    .summary('train a net on a folder of images')
    .description(
      'Trains a net on a folder of images, and writes it with a report. FOLDER holds a folder of images for each class, ' +
        'a fifth of which is held out for validation; or such folders under train and val (or valid, validation, test).',
    )
    .argument('<FOLDER>', 'folder such as flowers, with images flowers/rose/1.jpg and so on')
    .option('-m, --model <MODEL>', 'a name from `cnnzoo list`', DEFAULTS.model)
    .option(
      '-w, --weights <NAME|FILE>',
      'a name from `cnnzoo list`, a .safetensors or .pth file, or none for random values (default: the best)',
    )
    .addOption(
      new Option('--freeze <PART>', 'backbone: train only a new head; none: train the whole net')
        .choices(['backbone', 'none'])
        .default(DEFAULTS.freeze),
    )
    .option('-e, --epochs <N>', 'number of passes over all training images', whole, DEFAULTS.epochs)
    .option('--batch-size <N>', 'images a step', whole, DEFAULTS.batchSize)
    .option(
      '--lr <X>',
      'learning rate of the first step (default: 0.001, or 0.0001 if a trained backbone is not frozen)',
      positive,
    )
    .option('--size <PX>', "side of the net's square input in pixels (default: the model's own)", whole)
    .option('--seed <N>', 'the same seed repeats the run', seed, DEFAULTS.seed)
    .option('-o, --out <DIR>', 'directory for all output (default: FOLDER-MODEL in the working directory)')
    .option('--resume', 'continue from the newest training checkpoint in DIR')
    .option('--preview', 'write a picture of a batch to DIR/preview.html, without training')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'cnnzoo finetune flowers --preview',
        'cnnzoo finetune flowers',
        'cnnzoo finetune flowers --model resnet50 --freeze none --epochs 5',
        'cnnzoo finetune flowers --model vgg16 --weights ./vgg16.pth --size 160',
      ),
    )
    .action((folder: string, options: FinetuneOptions) =>
      perform(options, async () => (await import('./commands/finetune.js')).finetune(folder, options, context)),
    );

  program
    .command('export')
    .summary('write a net for other programs: ONNX, GraphModel, state dict')
    .description(
      'Writes a net for other programs: an ONNX file (onnxruntime, TensorRT, OpenVINO), a GraphModel of TensorFlow.js, or its ' +
        'state dict as safetensors (PyTorch).',
    )
    .argument('<MODEL>', 'a name from `cnnzoo list`, or the path of a saved net')
    .addOption(
      new Option('-f, --format <FORMAT>', 'kind of export')
        .choices(['onnx', 'graph-model', 'state-dict'])
        .default('onnx'),
    )
    .option(
      '-w, --weights <NAME|PATH>',
      'a name from `cnnzoo list`, or a .safetensors or .pth file (default: the best)',
    )
    .addOption(
      new Option('--dtype <TYPE>', 'type of the weights; int8 of ONNX needs --images, uint8 is of a GraphModel alone')
        .choices(['float32', 'float16', 'int8', 'uint8'])
        .default('float32'),
    )
    .option(
      '-o, --out <PATH>',
      'file, or directory of a GraphModel (default: named after the model, in the working directory)',
    )
    .option('--triton <DIR>', 'model repository of the Triton Inference Server, instead of --out')
    .option('--images <FOLDER>', 'images that ONNX in int8 is calibrated with')
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'cnnzoo export resnet50',
        'cnnzoo export resnet50 --format graph-model --dtype float16 --out public/resnet50',
        'cnnzoo export ./flowers-resnet18 --out flowers.onnx',
        'cnnzoo export resnet18 --format state-dict --dtype int8',
        'cnnzoo export resnet18 --dtype int8 --images photos',
        'cnnzoo export resnet18 --triton models',
      ),
    )
    .action((model: string, options: ExportOptions) =>
      perform(options, async () => (await import('./commands/export.js')).exportNet(model, options, context)),
    );

  program
    .command('quantize')
    .summary('quantize a net to 8 bits, and measure it against float32')
    .description(
      'Quantizes a net to 8 bits with some hundred typical images, without training, reports how well it agrees with float32, and writes ' +
        'it: ONNX for onnxruntime, or safetensors for cnnzoo.',
    )
    .argument('<MODEL>', 'a name from `cnnzoo list`, or the path of a saved net')
    .requiredOption('--images <FOLDER>', 'images like those that the net will see; of more than 512 a part is used')
    .requiredOption('-o, --out <FILE>', 'file to be written, .onnx or .safetensors')
    .option(
      '-w, --weights <NAME|PATH>',
      'a name from `cnnzoo list`, or a .safetensors or .pth file (default: the best)',
    )
    .option(
      '--agreement <PART>',
      'part of the images, 0 to 1, whose class shall stay: layers are left in float32 until it does',
      part,
    )
    .option(...JSON_OPTION)
    .addHelpText(
      'after',
      examples(
        'cnnzoo quantize resnet18 --images photos --out resnet18-int8.onnx',
        'cnnzoo quantize ./flowers-resnet18 --images flowers --out flowers-int8.safetensors',
        'cnnzoo quantize resnet50 --images photos --out resnet50.onnx --agreement 0.99',
      ),
    )
    .action((model: string, options: QuantizeOptions) =>
      perform(options, async () => (await import('./commands/quantize.js')).quantizeNet(model, options, context)),
    );

  program
    .command('bench')
    .summary("time a net on each of this machine's engines")
    .description(
      "Times a net on each of this machine's engines, in turn: onnxruntime-node, onnxruntime-web and the backends of TensorFlow.js that " +
        'are installed. A model by its name gets random weights, so that nothing is downloaded.',
    )
    .argument('[MODEL]', 'a name from `cnnzoo list`, or the path of a saved net', 'resnet50')
    .option(...JSON_OPTION)
    .addHelpText('after', examples('cnnzoo bench', 'cnnzoo bench resnet18', 'cnnzoo bench ./flowers-resnet18 --json'))
    .action((model: string, options: CommonOptions) =>
      perform(options, async () => (await import('./commands/bench.js')).bench(model, options, context)),
    );

  const cache = program
    .command('cache')
    .summary('list, verify or clear the downloaded weights')
    .helpCommand(false)
    .description("Manages the downloaded weights, in CNNZOO_CACHE or else in your user's cache directory.")
    .addHelpText('after', examples('cnnzoo cache list', 'cnnzoo cache verify', 'cnnzoo cache clear'));
  const actions: Readonly<Record<CacheAction, string>> = {
    list: 'list the files and their directory',
    verify: 'hash every file again; exit code 1 if one is damaged',
    clear: 'remove everything that cnnzoo wrote there, including unfinished downloads',
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
