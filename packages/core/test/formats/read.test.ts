import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { toTensor } from '../../src/checkpoint/dtypes.js';
import { readByteSource } from '../../src/checkpoint/read.js';
import { toFloat16 } from '../../src/checkpoint/write.js';
import { CnnzooError, openTensors, readStateDict, type StateDict } from '../../src/index.js';
import { bytesSource } from '../../src/util/byte-source.js';
import { expectState, fixture, fixturePath } from './fixtures.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('what torch wrote', () => {
  it.each(
    ['net', 'parameters', 'half', 'wrapped', 'training', 'views', 'channels-last', 'types'].flatMap((name) =>
      ['zip', 'legacy'].map((container) => [name, container] as const),
    ),
  )('%s in the %s container', async (name, container) => {
    const path = fixturePath(`${name}.${container}.pth`);
    expectState(await readStateDict(path), name);
    expectState(await readStateDict(pathToFileURL(path)), name);
    expectState(await readStateDict(fixture(`${name}.${container}.pth`)), name);
    // Bytes that begin at an odd place in memory, as a slice of a larger buffer may.
    const bytes = fixture(`${name}.${container}.pth`);
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    expectState(await readStateDict(shifted), name);
    expectState(await readStateDict(new Blob([bytes as Uint8Array<ArrayBuffer>])), name);
  });

  it.each(['deflated', 'big-endian', 'zip64'])('repacked by another program: %s', async (name) => {
    expectState(await readStateDict(fixturePath(`${name}.zip.pth`)), 'types');
  });

  it('without checksums, which torch leaves out on request', async () => {
    expectState(await readStateDict(fixturePath('no-checksums.zip.pth')), 'net');
    const damaged = fixture('no-checksums.zip.pth').slice(0, -200);
    await expect(readStateDict(damaged)).rejects.toThrow(CnnzooError);
  });

  it('what is no state dict, or holds more than values, is refused', async () => {
    for (const container of ['zip', 'legacy'])
      await expect(readStateDict(fixturePath(`epochs.${container}.pth`))).rejects.toThrow(/a dict of epoch, loss/);
    await expect(readStateDict(fixturePath('negated.zip.pth'))).rejects.toThrow(CnnzooError);
  });

  it.each(['deflated', 'big-endian', 'zip64'])('in a zip archive of another program: %s', async (name) => {
    expectState(await readStateDict(fixturePath(`${name}.zip.pth`)), 'types');
  });

  it('keeps the order of the keys, and says how values are stored', async () => {
    const file = await openTensors(fixturePath('half.zip.pth'));
    expect([...file.tensors.keys()].slice(0, 4)).toEqual(['conv1.weight', 'conv1.bias', 'bn1.weight', 'bn1.bias']);
    expect(file.tensors.get('conv1.weight')).toMatchObject({ stored: 'F16', dtype: 'float32', shape: [3, 2, 3, 1] });
    expect(file.format).toBe('torch-zip');
    await file.close();
  });

  it('reads a tensor twice, and tied ones in any order', async () => {
    for (const container of ['zip', 'legacy']) {
      const file = await openTensors(fixturePath(`views.${container}.pth`));
      const keys = [...file.tensors.keys()];
      for (const key of [...keys, ...keys.reverse()]) {
        const [first, second] = [await file.tensors.get(key)!.read(), await file.tensors.get(key)!.read()];
        expect(first).toEqual(second);
      }
      await file.close();
    }
  });
});

describe('what Python wrote as safetensors', () => {
  it.each(['net', 'types'])('%s', async (name) => {
    expectState(await readStateDict(fixturePath(`${name}.safetensors`)), name);
  });

  it('with its metadata', async () => {
    const file = await openTensors(fixturePath('net.safetensors'));
    expect({ ...file.metadata }).toEqual({ made: 'by Python' });
    await file.close();
  });
});

describe('halves', () => {
  /** The value of a half by its definition (IEEE 754-2019, 3.4), apart from the table. */
  const halfValue = (half: number): number => {
    const [sign, exponent, fraction] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  };

  it('widen exactly, all 65,536, and narrow to themselves', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const widened = toTensor(new Uint8Array(all.buffer), 'F16', [65536]).data as Float32Array;
    expect(widened).toEqual(Float32Array.from(all, halfValue));
    const narrowed = toFloat16(widened);
    for (const half of all) {
      const isNumber = !Number.isNaN(halfValue(half));
      if (isNumber ? narrowed[half] !== half : !Number.isNaN(halfValue(narrowed[half]!))) expect.unreachable(`${half}`);
    }
  });

  it('narrow to the nearest, ties to even', () => {
    for (let half = 0; half < 0x7bff; half++) {
      const [low, high] = [halfValue(half), halfValue(half + 1)];
      const middle = (low + high) / 2;
      const nudge = (high - low) / 2 ** 10;
      const expected = [half, half % 2 === 0 ? half : half + 1, half + 1];
      const received = [...toFloat16(Float32Array.of(middle - nudge, middle, middle + nudge))];
      if (received.join() !== expected.join()) expect.unreachable(`${half}: ${received} instead of ${expected}`);
      const negative = [...toFloat16(Float32Array.of(-middle + nudge, -middle, -middle - nudge))];
      if (negative.join() !== expected.map((h) => h | 0x8000).join()) expect.unreachable(`-${half}: ${negative}`);
    }
    expect([...toFloat16(Float32Array.of(65519.99, 65520, 1e9, -1e9, 2 ** -25, 2 ** -25 * 1.001))]).toEqual([
      0x7bff, 0x7c00, 0x7c00, 0xfc00, 0, 1,
    ]);
  });

  it('of a float64 are rounded once', () => {
    // Just above the tie: through a float32 it would land on the tie, and then on the even neighbour.
    const value = 1 + 2 ** -11 + 2 ** -40;
    expect([...toFloat16(Float64Array.of(value, -value, 1 + 2 ** -11))]).toEqual([0x3c01, 0xbc01, 0x3c00]);
  });
});

describe('state dicts in memory', () => {
  it('are taken as they are', async () => {
    const weight = { shape: [2], dtype: 'float32' as const, data: Float32Array.of(1, 2) };
    for (const source of [new Map([['weight', weight]]), { weight }])
      expect([...(await readStateDict(source))]).toEqual([['weight', weight]]);
  });

  it.each([
    ['a length that does not fit', { shape: [3], dtype: 'float32', data: new Float32Array(2) }],
    ['another array than the type', { shape: [2], dtype: 'float32', data: new Float64Array(2) }],
    ['an unknown type', { shape: [2], dtype: 'complex64', data: new Float32Array(2) }],
    ['a fractional shape', { shape: [0.5, 4], dtype: 'float32', data: new Float32Array(2) }],
    ['a negative shape', { shape: [-1, -2], dtype: 'float32', data: new Float32Array(2) }],
    ['no shape', { dtype: 'float32', data: new Float32Array(2) }],
    ['nothing', null],
  ])('are refused with %s', async (_what, tensor) => {
    await expect(readStateDict({ weight: tensor } as never)).rejects.toThrow(/'weight': expected/);
  });

  it('nothing else passes for one', async () => {
    for (const source of [null, undefined, 7])
      await expect(readStateDict(source as never)).rejects.toThrow(CnnzooError);
  });
});

/** A zip archive of empty files. */
function zipOf(...names: string[]): Uint8Array {
  const entry = (magic: number, before: number, after: number, name: string, offset = 0): Buffer => {
    const header = Buffer.alloc(4 + before + 2 + after);
    header.writeUInt32LE(magic);
    header.writeUInt16LE(name.length, 4 + before);
    if (after === 16) header.writeUInt32LE(offset, header.length - 4);
    return Buffer.concat([header, Buffer.from(name)]);
  };
  const locals = names.map((name) => entry(0x04034b50, 22, 2, name));
  const offsets = locals.map((_, i) => Buffer.concat(locals.slice(0, i)).length);
  const directory = Buffer.concat(names.map((name, i) => entry(0x02014b50, 24, 16, name, offsets[i])));
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(Buffer.concat(locals).length, 16);
  return Buffer.concat([...locals, directory, end]);
}

describe('bytes behind a checkpoint', () => {
  it.each(['net.zip.pth', 'net.legacy.pth', 'training.legacy.pth', 'zip64.zip.pth'])(
    'are read over, as torch does: %s',
    async (name) => {
      const bytes = fixture(name);
      const values = name.startsWith('zip64') ? 'types' : name.split('.')[0]!;
      for (const more of [1, 3, 22, 100, 5000, 65_000])
        for (const fill of [0, 0x50, 0xff])
          expectState(await readStateDict(Buffer.concat([bytes, Buffer.alloc(more, fill)])), values);
    },
  );

  it('of safetensors are damage, as for its own readers', async () => {
    const bytes = Buffer.concat([fixture('net.safetensors'), Buffer.alloc(1)]);
    await expect(readStateDict(bytes)).rejects.toMatchObject({ code: 'FORMAT' });
  });
});

describe('what is no checkpoint', () => {
  const text = (content: string) => new TextEncoder().encode(content);
  it.each([
    ['a web page', text('<!DOCTYPE html><html>404</html>'), /received a web page/],
    ['a pointer of git-lfs', text('version https://git-lfs.github.com/spec/v1\noid sha256:0\n'), /git-lfs/],
    ['an empty file', new Uint8Array(0), /an empty file/],
    ['HDF5', Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 0), /an HDF5 file.*save_file/],
    ['ONNX', Uint8Array.of(8, 7, 0x12, 7, ...text('pytorch')), /an ONNX graph.*state_dict/],
    ['an array of NumPy', Uint8Array.of(0x93, ...text('NUMPY'), 1, 0), /an array of NumPy/],
    ['a SavedModel', Uint8Array.of(8, 1, 0x12, 0x80, 2, 0x0a), /a SavedModel of TensorFlow/],
    ['a net of TensorFlow Lite', Uint8Array.of(0x1c, 0, 0, 0, ...text('TFL3')), /a net of TensorFlow Lite/],
    ['a GGUF file', text('GGUF\u0003'), /a GGUF file/],
    [
      'model.json',
      text('{"format": "layers-model", "modelTopology": {}}'),
      /a net of TensorFlow.js.*tf.loadLayersModel/,
    ],
    ['an index of files', text('{"metadata": {}, "weight_map": {"a": "model-00001.safetensors"}}'), /in several files/],
    ["TensorFlow's checkpoint", text('model_checkpoint_path: "model.ckpt-7"\n'), /a checkpoint of TensorFlow/],
    ['a plain pickle', Uint8Array.of(0x80, 4, 0x95, 1, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x2e), /torch.save did not write/],
    ['a gzip archive', Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0), /a gzip archive.*Unpack/],
    ['a tar archive', Uint8Array.from([...new Uint8Array(257), ...text('ustar\0')]), /a tar archive.*Unpack/],
    ['an archive of NumPy', zipOf('weight.npy'), /an archive of NumPy \(\.npz\).*save_file/],
    ['a net of Keras', zipOf('metadata.json', 'config.json', 'model.weights.h5'), /a net of Keras/],
    ['a program of torch.export', zipOf('archive_format', 'models/model.json'), /a program of torch.export/],
    ['a checkpoint in a zip archive', zipOf('nets/resnet18.pth'), /with 'nets\/resnet18.pth' in it.*Unpack/],
    ['another zip archive', zipOf('mimetype'), /a zip archive of mimetype/],

    ['a picture', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0), /begin ff d8 ff e0/],
    ['a TorchScript program', fixture('torchscript.pt'), /TorchScript/],
  ])('%s is named', async (_what, bytes, message) => {
    await expect(readStateDict(bytes)).rejects.toThrow(message);
    const path = join(directory, 'file.pth');
    writeFileSync(path, bytes);
    await expect(readStateDict(path)).rejects.toThrow(CnnzooError);
  });

  it('a directory, a missing file', async () => {
    await expect(readStateDict(directory)).rejects.toThrow(/it is a directory/);
    await expect(readStateDict(join(directory, 'nowhere.pth'))).rejects.toThrow(/no such file/);
    await expect(readStateDict(join(fixturePath('net.zip.pth'), 'inside'))).rejects.toThrow(
      /is a file, not a directory/,
    );
  });

  it.each(['zip', 'legacy'])('a dict of something else lists its keys (%s)', async (container) => {
    await expect(readStateDict(fixturePath(`epochs.${container}.pth`))).rejects.toMatchObject({
      code: 'FORMAT',
      message: expect.stringContaining('a dict of epoch, loss'),
    });
  });

  it('a tensor that torch negates when it is used', async () => {
    await expect(readStateDict(fixturePath('negated.zip.pth'))).rejects.toThrow(/resolve_neg/);
  });

  it.each([new URL('ftp://host/net.pth'), 'file://host/net.pth', 'file:///%00'])('%s', async (url) => {
    await expect(readStateDict(url)).rejects.toMatchObject({ code: 'FILE' });
  });
});

describe('a server', () => {
  const served = async (answer: RequestListener): Promise<unknown> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      return await readStateDict(`http://127.0.0.1:${(server.address() as AddressInfo).port}/net.pth`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };

  it('gives the file', async () => {
    const state = await served((_, response) => response.end(fixture('net.zip.pth')));
    expectState(state as StateDict, 'net');
  });

  it('that breaks off, or has no such file, is an error', async () => {
    const breaksOff = served((_, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('half', () => response.destroy());
    });
    await expect(breaksOff).rejects.toMatchObject({ code: 'DOWNLOAD' });
    await expect(served((_, response) => response.writeHead(404).end())).rejects.toThrow(/404/);
  });
});

it('reads a source no further than it has to', async () => {
  const bytes = fixture('net.safetensors');
  let read = 0;
  const source = bytesSource(bytes, 'counted');
  const counted = {
    ...source,
    read: (offset: number, length: number) => {
      read += length;
      return source.read(offset, length);
    },
  };
  const file = await readByteSource(counted);
  const before = read;
  await file.tensors.get('fc.bias')!.read();
  expect(read - before).toBe(8);
});
