import { CnnzooError } from '../util/index.js';

/** A kind of file that is no checkpoint of PyTorch's, and the way from it to one. */
export interface Foreign {
  readonly what: string;
  /** A sentence. */
  readonly wayOut: string;
}

/** The error that names a file as what it is. */
export const foreignError = (name: string, { what, wayOut }: Foreign): CnnzooError =>
  new CnnzooError(
    'FORMAT',
    `'${name}': expected a state dict (safetensors, or what torch.save writes), received ${what}. ${wayOut}`,
  );

const ARRAYS =
  "Read it in Python with the library that wrote it, and save its arrays under PyTorch's names and in its layout: " +
  'safetensors.numpy.save_file(arrays, path).';
const UNPACK = 'Unpack it and name the file inside.';
const KERAS = `Keras keeps kernels in another layout and under other names. ${ARRAYS}`;

interface Kind extends Foreign {
  /** Tells it by the first bytes of a file, and by the same as text, a character a byte. */
  is(text: string, bytes: Uint8Array): boolean;
}

const startsWith =
  (magic: string) =>
  (text: string): boolean =>
    text.startsWith(magic);
const matches =
  (pattern: RegExp) =>
  (text: string): boolean =>
    pattern.test(text);

/** Fields that an ONNX file has after its version: the producer's name, its version, the domain, the graph, … */
const ONNX_FIELDS = [0x12, 0x1a, 0x22, 0x28, 0x3a, 0x42];
const isOnnx = (_: string, [tag = 0, version = 0, field = 0]: Uint8Array): boolean =>
  tag === 8 && version > 1 && version < 32 && ONNX_FIELDS.includes(field);
const isPickle = (_: string, [proto = 0, version = 0]: Uint8Array): boolean =>
  proto === 0x80 && version > 1 && version < 6;

const KINDS: readonly Kind[] = [
  { is: startsWith('\x89HDF\r\n\x1a\n'), what: 'an HDF5 file, as Keras writes (.h5)', wayOut: KERAS },
  { is: startsWith('\x93NUMPY'), what: 'an array of NumPy (.npy)', wayOut: ARRAYS },
  { is: startsWith('GGUF'), what: 'a GGUF file', wayOut: ARRAYS },
  // Version 1 of the format, and a graph.
  { is: startsWith('\x08\x01\x12'), what: 'a SavedModel of TensorFlow (saved_model.pb)', wayOut: ARRAYS },
  {
    is: isOnnx,
    what: 'an ONNX graph',
    wayOut: 'Save the weights of the net that it was exported from: torch.save(model.state_dict(), path).',
  },
  {
    is: (text) => text.startsWith('TFL3', 4),
    what: 'a net of TensorFlow Lite',
    wayOut: 'Save the weights of the net that it was converted from.',
  },
  { is: startsWith('\x1f\x8b'), what: 'a gzip archive', wayOut: UNPACK },
  { is: startsWith('BZh'), what: 'a bzip2 archive', wayOut: UNPACK },
  { is: startsWith('\xfd7zXZ'), what: 'an xz archive', wayOut: UNPACK },
  { is: startsWith('7z\xbc\xaf'), what: 'a 7z archive', wayOut: UNPACK },
  { is: startsWith('Rar!'), what: 'a rar archive', wayOut: UNPACK },
  { is: startsWith('\x28\xb5\x2f\xfd'), what: 'a zstd archive', wayOut: UNPACK },
  { is: (text) => text.startsWith('ustar', 257), what: 'a tar archive', wayOut: UNPACK },
  {
    is: startsWith('version https://git-lfs'),
    what: 'a pointer of git-lfs: the file itself was not fetched',
    wayOut: 'Fetch it: git lfs pull.',
  },
  {
    is: matches(/^\s*<(!doctype|html)/i),
    what: 'a web page: the server answered with something else',
    wayOut: 'Check the address.',
  },
  {
    is: matches(/^\s*\{[\s\S]*?"(modelTopology|weightsManifest)"/),
    what: 'a net of TensorFlow.js (model.json)',
    wayOut: 'Load it with tf.loadLayersModel or tf.loadGraphModel: its weights do not have the names of PyTorch.',
  },
  {
    is: matches(/^\s*\{[\s\S]*?"weight_map"/),
    what: 'the index of a checkpoint in several files',
    wayOut: 'Give one file: in Python, collect the tensors of all that it lists, and save them as one.',
  },
  { is: matches(/^\s*model_checkpoint_path:/), what: 'the index of a checkpoint of TensorFlow', wayOut: ARRAYS },
  {
    is: isPickle,
    what: 'a pickle that torch.save did not write',
    wayOut: 'Write the state dict in Python: torch.save(state_dict, path), or as safetensors.',
  },
];

/** Bytes to tell a file by, from its start. */
export const FOREIGN_START = 4096;

/** The kind of a file that is no checkpoint; undefined for bytes that nothing is known of. */
export function foreignOf(start: Uint8Array, name: string): Foreign | undefined {
  if (/\.data-\d{5}-of-\d{5}$|\.(index|meta)$/.test(name))
    return { what: 'a part of a checkpoint of TensorFlow', wayOut: ARRAYS };
  // By hand: a TextDecoder's latin1 is windows-1252, which changes the bytes 0x80 to 0x9f.
  const text = Array.from(start, (byte) => String.fromCharCode(byte)).join('');
  return KINDS.find(({ is }) => is(text, start));
}

/** The kind of a zip archive that holds no `data.pkl`, by its entries. */
export function foreignArchiveOf(names: readonly string[]): Foreign {
  const has = (pattern: RegExp): string | undefined => names.find((name) => pattern.test(name));
  if (has(/\.npy$/)) return { what: 'an archive of NumPy (.npz)', wayOut: ARRAYS };
  if (has(/(^|\/)(model\.weights\.h5|variables\.h5)$/)) return { what: 'a net of Keras (.keras)', wayOut: KERAS };
  if (has(/(^|\/)(archive_format|serialized_exported_program\.json)$/))
    return {
      what: 'a program of torch.export (.pt2)',
      wayOut: 'Write its weights in Python: torch.save(torch.export.load(path).state_dict, other).',
    };
  if (has(/(^|\/)\.data\/(extern_modules|version)$/))
    return { what: 'a package of torch.package', wayOut: 'Load it in Python and save the state dict of its model.' };
  if (has(/(^|\/)saved_model\.pb$/)) return { what: 'a SavedModel of TensorFlow', wayOut: ARRAYS };
  const inside = has(/\.(pth|pt|th|ckpt|bin|safetensors|pth\.tar)$/);
  if (inside !== undefined) return { what: `a zip archive with '${inside}' in it`, wayOut: UNPACK };
  return {
    what: `a zip archive of ${names.slice(0, 5).join(', ') || 'nothing'}`,
    wayOut: 'Give what torch.save writes, or safetensors.',
  };
}
