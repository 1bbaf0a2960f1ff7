import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Classifier, CnnzooError, saveStateDict } from '@cnnzoo/core';
import { pathOf } from '@cnnzoo/core/internal';
import { visible } from '@cnnzoo/core/internal/text';
import { exportGraphModel, exportOnnx, exportTriton } from '@cnnzoo/deploy';
import { mebibytes } from '@cnnzoo/report';
import { writeJson } from '../fault.js';
import { openNet } from '../open-net.js';
import { calibrationImages, quantizeWith } from '../quantized.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export interface ExportOptions extends CommonOptions {
  readonly format: 'onnx' | 'graph-model' | 'state-dict';
  readonly dtype: 'float32' | 'float16' | 'int8' | 'uint8';
  readonly weights?: string;
  readonly out?: string;
  /** Model repository of Triton, instead of a file. */
  readonly triton?: string;
  /** Folder of images that ONNX in int8 is calibrated with. */
  readonly images?: string;
}

const ENDINGS: Readonly<Record<ExportOptions['format'], string>> = {
  onnx: '.onnx',
  'graph-model': '-graph-model',
  'state-dict': '.safetensors',
};

/** Returns the name of an export that was not given one: that of the net, without its folder or ending. */
const nameFor = (model: string, format: ExportOptions['format']): string =>
  `${basename(resolve(model)).replace(/\.safetensors$/, '') || 'net'}${ENDINGS[format]}`;

/** Refuses a type that the format has not, before anything is downloaded. */
function checkDtype({ format, dtype, images }: ExportOptions): void {
  const known = {
    onnx: ['float32', 'float16', 'int8'],
    'graph-model': ['float32', 'float16', 'uint8'],
    'state-dict': ['float32', 'float16', 'int8'],
  };
  if (!known[format].includes(dtype))
    throw new CnnzooError('INPUT', `${format} has the dtypes ${known[format].join(', ')}, received '${dtype}'.`);
  const isQuantized = format === 'onnx' && dtype === 'int8';
  if (isQuantized !== (images !== undefined))
    throw new CnnzooError(
      'INPUT',
      isQuantized
        ? 'ONNX in int8 is calibrated with images: name a folder of some hundred typical ones by --images.'
        : '--images is of ONNX with --dtype int8 alone: leave it out.',
    );
}

/** Writes the net, and returns where. `checkDtype` has compared the type with those of the format. */
async function write(
  net: Classifier,
  path: string,
  { format, dtype, triton, images }: ExportOptions,
  context: Context,
): Promise<string> {
  const narrow = { dtype: dtype as never };
  if (format === 'graph-model') await exportGraphModel(net, path, narrow);
  else if (format === 'state-dict') await saveStateDict(net, path, narrow);
  else {
    const list = images === undefined ? undefined : await calibrationImages(images);
    const source = list ? (await quantizeWith(net, list, undefined, context)).graph : net;
    context.signal.throwIfAborted();
    if (triton !== undefined) return exportTriton(source, path, narrow);
    await exportOnnx(source, path, narrow);
  }
  return path;
}

/** Refuses a path of another ending, or of a file that is there, before anything is downloaded. */
async function checkFile(path: string, ending: string): Promise<void> {
  if (!path.endsWith(ending))
    throw new CnnzooError('INPUT', `Expected a path that ends in '${ending}' for --out, received '${path}'.`);
  if ((await stat(path).catch(() => undefined)) !== undefined)
    throw new CnnzooError(
      'FILE',
      `There is a '${path}' already, and it stays. Remove it, or choose another name with --out.`,
    );
}

/** Returns the bytes of a file, or of the files in a directory and those in it. */
async function sizeOf(path: string): Promise<number> {
  const found = await stat(path);
  if (!found.isDirectory()) return found.size;
  const sizes = await Promise.all((await readdir(path)).map((name) => sizeOf(join(path, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns the path to be written. Refuses one that can't be, before anything is downloaded. */
async function checkTarget(model: string, { format, out, triton }: ExportOptions): Promise<string> {
  if (triton !== undefined) {
    if (format !== 'onnx' || out !== undefined)
      throw new CnnzooError(
        'INPUT',
        `--triton writes ONNX into a model repository, whose names are fixed: leave out ${out === undefined ? '--format' : '--out'}.`,
      );
    return pathOf(triton);
  }
  const path = pathOf(out ?? nameFor(model, format));
  if (format !== 'graph-model') await checkFile(path, ENDINGS[format]);
  return path;
}

/** Writes a net for other programs, and tells where. */
export async function exportNet(model: string, options: ExportOptions, context: Context): Promise<number> {
  checkDtype(options);
  const { format, dtype, weights, json } = options;
  const target = await checkTarget(model, options);
  const net = await openNet({ model, ...(weights !== undefined && { weights }) }, context);
  let path: string;
  try {
    context.signal.throwIfAborted();
    path = await write(net, target, options, context);
  } finally {
    net.dispose();
  }
  const bytes = await sizeOf(path);
  if (json) writeJson(context, { model, weights: net.weights, format, dtype, out: path, bytes });
  else context.terminal.out(`Wrote ${visible(path)}: ${format}, ${dtype}, ${mebibytes(bytes)}.`);
  return EXIT.ok;
}
