import { statSync } from 'node:fs';
import {
  CnnzooError,
  type EncodeOptions,
  encodeSafetensors,
  type ModelDefinition,
  openTensors,
  readStateDict,
  type StateDict,
  type StateTensor,
  type TensorFile,
  type WeightsEntry,
} from '@cnnzoo/core';
import {
  buildFrom,
  hashSource,
  MODEL_KEY,
  openPath,
  readAll,
  resolveBuild,
  WEIGHTS_KEY,
  writeFileAtomic,
} from '@cnnzoo/core/internal';
import { logitsOf, relativeError } from '../../../test/harness/parity.js';
import { syntheticImage } from '../../../test/harness/synthetic.js';

export interface Ported {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** True if every value equals the source's, bit for bit. */
  readonly identical: boolean;
  /** max|difference| / max|logit| between the nets of both files, on one image. */
  readonly error: number;
}

const isHalf = ({ stored }: { stored: string }): boolean => stored === 'F16';
const isFloat = ({ dtype }: { dtype: string }): boolean => dtype === 'float32' || dtype === 'float64';

const bytesOf = ({ data: { buffer, byteOffset, byteLength } }: StateTensor): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const sameValues = (a: StateDict, b: StateDict): boolean =>
  a.size === b.size &&
  [...a].every(([key, tensor]) => {
    const other = b.get(key);
    return (
      other !== undefined &&
      other.shape.join() === tensor.shape.join() &&
      Buffer.compare(bytesOf(tensor), bytesOf(other)) === 0
    );
  });

/** Returns the output of the file's net for a synthetic image of the published size, or of 64 px if that is larger. */
async function answers(file: TensorFile, definition: ModelDefinition, weights: string): Promise<Float32Array> {
  const [height, width, channels] = definition.inputShape.map((n) => Math.min(n!, 64)) as [number, number, number];
  const shape: [number, number, number] = [height, width, channels];
  const entry: Partial<WeightsEntry> = definition.weights[weights] ?? definition.weights.DEFAULT ?? {};
  const { keys, build, strictness } = resolveBuild(definition, { file, isGiven: false }, entry, {
    inputShape: shape,
    builder: { inputShape: shape },
    ...(entry.isBackbone && { numClasses: 0 }),
  });
  const net = await buildFrom(keys, build, strictness);
  try {
    return logitsOf(net, syntheticImage(...shape), shape);
  } finally {
    net.dispose();
  }
}

export async function sha256Of(path: string): Promise<string> {
  const source = await openPath(path);
  try {
    return await hashSource(source);
  } finally {
    await source.close();
  }
}

/** Type that `port` converts a checkpoint's floats to. */
export type Narrow = NonNullable<EncodeOptions['dtype']>;

/**
 * Writes a checkpoint as safetensors, reads it back and compares the values. Half precision is kept; `dtype` converts
 * floats to another. Resolves to true if every value equals the source's, bit for bit.
 */
export async function rewrite(
  source: TensorFile,
  path: string,
  metadata: Readonly<Record<string, string>>,
  dtype?: Narrow,
): Promise<boolean> {
  const floats = [...source.tensors.values()].filter(isFloat);
  const kept = floats.length > 0 && floats.every(isHalf) ? 'float16' : undefined;
  const stored = dtype ?? kept;
  const state = await readAll(source);
  await writeFileAtomic(path, encodeSafetensors(state, metadata, stored ? { dtype: stored } : {}));

  const identical = sameValues(state, await readStateDict(path));
  if (identical || dtype) return identical;
  throw new CnnzooError('FORMAT', `${path} does not hold the values of its source: this is a bug, keep both files.`);
}

/** Writes a model's checkpoint as safetensors, and compares the values and the outputs of the nets of both files. */
export async function portFile(
  source: TensorFile,
  definition: ModelDefinition,
  weights: string,
  path: string,
  { dtype }: { dtype?: Narrow | undefined } = {},
): Promise<Ported> {
  const metadata = { [MODEL_KEY]: definition.name, [WEIGHTS_KEY]: weights };
  const identical = await rewrite(source, path, metadata, dtype);
  const ported = await openTensors(path);
  try {
    const error = relativeError(await answers(ported, definition, weights), await answers(source, definition, weights));
    return { path, bytes: statSync(path).size, sha256: await sha256Of(path), identical, error };
  } finally {
    await ported.close();
  }
}
