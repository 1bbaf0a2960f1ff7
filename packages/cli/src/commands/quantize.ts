import { stat } from 'node:fs/promises';
import { CnnzooError } from '@cnnzoo/core';
import { pathOf } from '@cnnzoo/core/internal';
import { visible, visibleText } from '@cnnzoo/core/internal/text';
import { exportOnnx, saveQuantized } from '@cnnzoo/deploy';
import { mebibytes } from '@cnnzoo/report';
import { writeJson } from '../fault.js';
import { openNet } from '../open-net.js';
import { calibrationImages, quantizeWith } from '../quantized.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export interface QuantizeOptions extends CommonOptions {
  /** Folder of images for the calibration. */
  readonly images: string;
  /** File to be written: ONNX or safetensors, by its ending. */
  readonly out: string;
  readonly weights?: string;
  /** Part of the images, 0 to 1, that layers are left in float32 for. */
  readonly agreement?: number;
}

/** Refuses a file of another ending, or one that is there, before anything is downloaded. */
async function checkOut(out: string): Promise<string> {
  const path = pathOf(out);
  if (!/\.(onnx|safetensors)$/.test(path))
    throw new CnnzooError(
      'INPUT',
      `Expected a path that ends in '.onnx' or '.safetensors' for --out, received '${out}'.`,
    );
  if ((await stat(path).catch(() => undefined)) !== undefined)
    throw new CnnzooError(
      'FILE',
      `There is a '${path}' already, and it stays. Remove it, or choose another name with --out.`,
    );
  return path;
}

/** Quantizes a net to 8 bits with the images of a folder, prints the report, and writes the net. */
export async function quantizeNet(model: string, options: QuantizeOptions, context: Context): Promise<number> {
  const { weights, agreement, json } = options;
  const path = await checkOut(options.out);
  const images = await calibrationImages(options.images);
  const net = await openNet({ model, ...(weights !== undefined && { weights }) }, context);
  try {
    context.signal.throwIfAborted();
    const { graph, report } = await quantizeWith(net, images, agreement, context);
    context.signal.throwIfAborted();
    await (path.endsWith('.onnx') ? exportOnnx(graph, path) : saveQuantized(graph, path));
    const bytes = (await stat(path)).size;
    if (json) writeJson(context, { model, weights: net.weights, out: path, bytes, report });
    else context.terminal.out(`${visibleText(String(report))}\n\nWrote ${visible(path)}: int8, ${mebibytes(bytes)}.`);
  } finally {
    net.dispose();
  }
  return EXIT.ok;
}
