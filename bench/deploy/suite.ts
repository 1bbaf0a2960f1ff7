import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Lacking, nodeProgram, versionOf } from '../harness/peers.js';
import { nodeScript, pythonLacks, pythonScript, run } from '../harness/process.js';
import { figureRatio, type Peer, type Ratio, type Suite, timeRatio } from '../harness/suite.js';
import { writePhotos } from './photos.js';

const MODELS = ['resnet18', 'resnet50', 'vgg16', 'googlenet'] as const;
const RUNTIMES = ['onnxruntime-node', 'onnxruntime-web'] as const;
/** Versions of Node besides the one that runs this. */
const NODES = [22, 24] as const;
const PHOTOS = 500;
const TRANSFORMERS = '@huggingface/transformers@4.3.2';

const on = (node?: number): string => (node ? `, Node ${node}` : '');
const session = (engine: string, model: string, node?: number) => `${model}${on(node)}: session, ${engine}`;
const plain = (engine: string, model: string, node?: number) => `${model}${on(node)}: ${engine} alone`;
const stock = (model: string) => `${model}: tf.layers on tfjs' wasm backend`;
const pipeline = (model: string) => `${model}: pipeline of transformers`;
const OUR_PHOTOS = `${PHOTOS} JPEGs, resnet18: session.classify, onnxruntime-node`;
const THEIR_PHOTOS = `${PHOTOS} JPEGs, resnet18: pipeline of transformers`;

/** Measures sessions against onnxruntime alone on torchvision's own exports, and against other ways. See README.md. */
export async function deploySuite(): Promise<Suite> {
  const directory = await mkdtemp(join(tmpdir(), 'cnnzoo-bench-'));
  const close = () => rm(directory, { recursive: true, force: true });
  try {
    const skipped: string[] = [];
    return {
      title: 'Sessions',
      notes: [
        'Images of 224 px, float32, random weights, all cores. ms: the least of up to 20 inferences of one image in a process.',
        'first: from the opened runtime to the first answer, with the reading of the net. 8 images: the least time of a batch of eight.',
        "session: createSession of @cnnzoo/deploy on a saved net. alone: the runtime itself on the file of torch's exporter.",
        `JPEGs: ${PHOTOS} files of 300 to 1,200 px, from paths to five labels each, in batches of 16; ms for all of them.`,
        `${['onnxruntime-node', 'onnxruntime-web', '@tensorflow/tfjs-core'].map((name) => `${name} ${versionOf(name)}`).join(', ')}, ${TRANSFORMERS}.`,
      ],
      peers: await peers(directory, skipped),
      ratios: ratios(),
      skipped,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function ratios(): Ratio[] {
  const both = (a: string, b: string, goal?: number) => [timeRatio(a, b, goal), figureRatio('8 images', a, b)];
  return [
    ...MODELS.flatMap((model) => [
      ...RUNTIMES.flatMap((engine) =>
        both(
          session(engine, model),
          plain(engine, model),
          engine === 'onnxruntime-node' && model === 'resnet50' ? 1.03 : undefined,
        ),
      ),
      figureRatio('first', session('onnxruntime-node', model), plain('onnxruntime-node', model)),
      timeRatio(session('tfjs', model), stock(model)),
    ]),
    ...NODES.flatMap((node) =>
      RUNTIMES.map((engine) => timeRatio(session(engine, 'resnet50', node), plain(engine, 'resnet50', node))),
    ),
    timeRatio(OUR_PHOTOS, THEIR_PHOTOS, 1),
  ];
}

/** Writes a model as transformers wants it: torchvision's preprocessing and categories of no meaning. */
async function writeTransformersModel(folder: string, onnx: string): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  await cp(onnx, join(folder, 'onnx', 'model.onnx'));
  const id2label = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, `class ${i}`]));
  const config = { model_type: 'resnet', architectures: ['ResNetForImageClassification'], id2label };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  const preprocessor = {
    image_processor_type: 'ConvNextImageProcessor',
    ...{ do_resize: true, size: { shortest_edge: 224 }, crop_pct: 0.875, resample: 2 },
    ...{ do_rescale: true, rescale_factor: 1 / 255 },
    ...{ do_normalize: true, image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] },
  };
  await writeFile(join(folder, 'preprocessor_config.json'), JSON.stringify(preprocessor));
}

/** Installs transformers outside the workspace. Returns the folder. */
async function installTransformers(folder: string): Promise<string | Lacking> {
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  try {
    // Without scripts: onnxruntime-node's would download libraries for GPUs.
    await run({ program: 'npm', args: ['install', '--ignore-scripts', '--prefix', folder, TRANSFORMERS] });
    return folder;
  } catch (error) {
    return new Lacking(`npm can't install ${TRANSFORMERS}: ${String(error).trim().split('\n').at(-1)}`);
  }
}

/** Returns the available peers. `skipped` receives the reasons for the others. */
async function peers(directory: string, skipped: string[]): Promise<Peer[]> {
  const lacking = await pythonLacks('torch', 'torchvision', 'onnx');
  if (lacking) {
    skipped.push(`all of it, which needs the files of torch's exporter: ${lacking}`);
    return [];
  }
  const transformers = await installTransformers(join(directory, 'transformers'));
  if (transformers instanceof Lacking) skipped.push(`transformers: ${transformers.message}`);

  const all: Peer[] = [];
  const nets = new Map<string, { readonly saved: string; readonly onnx: string }>();
  for (const model of MODELS) {
    const [onnx, checkpoint] = [join(directory, `${model}.onnx`), join(directory, `${model}.pth`)];
    await run(pythonScript('deploy/export_torchvision.py', [model, onnx, checkpoint]));
    const saved = join(directory, model);
    await run(await nodeScript('deploy/save-net.ts', [model, saved, checkpoint]));
    await rm(checkpoint);
    nets.set(model, { saved, onnx });
    for (const engine of RUNTIMES)
      all.push(
        { name: session(engine, model), command: await nodeScript('deploy/session.ts', [saved, engine]) },
        { name: plain(engine, model), command: await nodeScript('deploy/plain.ts', [onnx, engine]) },
      );
    all.push({ name: session('tfjs', model), command: await nodeScript('deploy/session.ts', [saved, 'tfjs']) });
    if (model === 'resnet18' || model === 'resnet50')
      all.push({ name: stock(model), command: await nodeScript('deploy/stock.ts', [model]) });
    if (transformers instanceof Lacking) continue;
    const folder = join(directory, 'transformers-models', model);
    await writeTransformersModel(folder, onnx);
    all.push({
      name: pipeline(model),
      command: await nodeScript('deploy/transformers.ts', [transformers, folder]),
    });
  }

  const resnet50 = nets.get('resnet50')!;
  for (const node of NODES) {
    const program = await nodeProgram(node);
    if (program instanceof Lacking) {
      skipped.push(`Node ${node}: ${program.message}`);
      continue;
    }
    for (const engine of [...RUNTIMES, 'tfjs']) {
      const ours = await nodeScript('deploy/session.ts', [resnet50.saved, engine]);
      all.push({ name: session(engine, 'resnet50', node), command: { ...ours, program } });
      if (engine === 'tfjs') continue;
      const alone = await nodeScript('deploy/plain.ts', [resnet50.onnx, engine]);
      all.push({ name: plain(engine, 'resnet50', node), command: { ...alone, program } });
    }
  }

  const photos = join(directory, 'photos');
  await writePhotos(photos, PHOTOS);
  const { saved } = nets.get('resnet18')!;
  all.push({ name: OUR_PHOTOS, command: await nodeScript('deploy/photos-session.ts', [saved, photos]) });
  if (!(transformers instanceof Lacking)) {
    const model = join(directory, 'transformers-models', 'resnet18');
    all.push({
      name: THEIR_PHOTOS,
      command: await nodeScript('deploy/transformers.ts', [transformers, model, photos]),
    });
  }
  return all;
}
