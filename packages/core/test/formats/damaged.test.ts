import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findStateDict } from '../../src/checkpoint/torch/find-state-dict.js';
import { dtypeOf, StorageRef, TensorRef, torchHandlers } from '../../src/checkpoint/torch/objects.js';
import { readPickle } from '../../src/checkpoint/torch/pickle.js';
import { lazyTensors } from '../../src/checkpoint/torch/read.js';
import { CnnzooError, Random, readStateDict, type StateDict } from '../../src/index.js';
import { fixture } from './fixtures.js';

/** The values, or the error, which has to be ours. */
async function attempt(bytes: Uint8Array): Promise<StateDict | CnnzooError> {
  try {
    return await readStateDict(bytes);
  } catch (error) {
    if (error instanceof CnnzooError) return error;
    throw error;
  }
}

const show = (state: StateDict): string =>
  [...state]
    .map(([key, { shape, dtype, data }]) => `${key} ${dtype} [${shape}] ${[...(data as Iterable<unknown>)]}`)
    .join('\n');

describe('truncated files', () => {
  it.each([
    'net.zip.pth',
    'net.legacy.pth',
    'net.safetensors',
    'views.zip.pth',
    'views.legacy.pth',
    'deflated.zip.pth',
  ])('%s, at every byte', async (name) => {
    const whole = fixture(name);
    for (let length = 0; length < whole.length; length++) {
      const result = await attempt(whole.subarray(0, length));
      expect(result, `${length} of ${whole.length} bytes`).toBeInstanceOf(CnnzooError);
    }
  });
});

describe('flipped bits', () => {
  const slow = process.env.CNNZOO_SLOW === '1';

  it.each(['net.zip.pth', 'half.zip.pth', 'views.zip.pth', 'deflated.zip.pth', 'zip64.zip.pth'])(
    '%s: an error or the same values',
    async (name) => {
      const whole = fixture(name);
      const values = show((await attempt(whole)) as StateDict);
      // Unpacking takes several times as long as reading.
      const stride = name.startsWith('deflated') ? 5 : 1;
      const step = stride * (slow ? 1 : 7);
      for (let bit = 0; bit < 8 * whole.length; bit += step) {
        const damaged = whole.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        const result = await attempt(damaged);
        if (!(result instanceof CnnzooError)) expect(show(result), `bit ${bit}`).toBe(values);
      }
    },
  );

  it.each(['net.legacy.pth', 'views.legacy.pth', 'net.safetensors', 'types.safetensors'])(
    '%s: never anything but our error, or values (the format has no checksum)',
    async (name) => {
      const whole = fixture(name);
      for (let bit = 0; bit < 8 * whole.length; bit += slow ? 1 : 5) {
        const damaged = whole.slice();
        damaged[bit >> 3]! ^= 1 << (bit & 7);
        await attempt(damaged);
      }
    },
  );

  it('random bytes in random places', async () => {
    const random = new Random(1);
    for (const name of ['net.zip.pth', 'net.legacy.pth', 'net.safetensors']) {
      const whole = fixture(name);
      for (let round = 0; round < (slow ? 5000 : 300); round++) {
        const damaged = whole.slice();
        for (let i = 0; i <= random.integer(8); i++) damaged[random.integer(damaged.length)] = random.integer(256);
        await attempt(damaged);
      }
    }
  });
});

describe('hostile pickles', () => {
  const read = (bytes: Uint8Array) => readPickle(bytes, torchHandlers('hostile'), 'hostile');
  const text = (content: string) => [...new TextEncoder().encode(content)];

  it.each([
    ['system', 'posix.system'],
    ['eval', 'builtins.eval'],
    ['getattr', 'builtins.getattr'],
    ['nested', 'posix.system'],
    ['object', '__main__.Thing'],
  ])('%s is refused by name, and nothing is run', (name, named) => {
    for (const protocol of [2, 4]) {
      const { value } = read(fixture(`hostile-${name}-${protocol}.pkl`));
      expect(() => findStateDict(value, 'hostile')).toThrow(
        expect.objectContaining({ code: 'UNSAFE', message: expect.stringContaining(named) }) as unknown as Error,
      );
    }
    expect(existsSync('cnnzoo-was-here')).toBe(false);
  });

  it('inside a file too', async () => {
    const error = await attempt(fixture('hostile.zip.pth'));
    expect(error).toMatchObject({ code: 'UNSAFE', message: expect.stringContaining('posix.system') });
  });

  it.each([
    ['INST', [0x28, 0x69, ...text('os\nsystem\n'), 0x2e]],
    ['OBJ', [0x28, 0x63, ...text('os\nsystem\n'), 0x6f, 0x2e]],
    ['NEWOBJ', [0x63, ...text('os\nsystem\n'), 0x29, 0x81, 0x2e]],
    ['NEWOBJ_EX', [0x63, ...text('os\nsystem\n'), 0x29, 0x7d, 0x92, 0x2e]],
    ['REDUCE', [0x63, ...text('os\nsystem\n'), 0x29, 0x52, 0x2e]],
    ['a call of what a call gave', [0x63, ...text('os\nsystem\n'), 0x29, 0x52, 0x29, 0x52, 0x2e]],
    [
      'items, attributes and a state',
      [0x63, ...text('os\nsystem\n'), 0x29, 0x81, 0x4b, 1, 0x4b, 2, 0x73, 0x4e, 0x61, 0x7d, 0x62, 0x2e],
    ],
  ])('%s makes nothing but a name', (_name, bytes) => {
    const handlers = torchHandlers('hostile');
    const { value } = readPickle(Uint8Array.from([0x80, 2, ...bytes]), handlers, 'hostile');
    expect(value).toMatchObject({ name: 'os.system' });
    expect([...handlers.unknown]).toEqual(['os.system']);
  });

  it.each([
    ['a call of a storage type', [0x63, ...text('torch\nFloatStorage\n'), 0x29, 0x52, 0x2e]],
    ['a call of a number', [0x4b, 1, 0x29, 0x52, 0x2e]],
    ['an empty stack', [0x2e]],
    ['a lone mark', [0x28, 0x2e]],
    ['a recall of nothing', [0x68, 9, 0x2e]],
    ['items without a dict', [0x4b, 1, 0x4b, 2, 0x4b, 3, 0x73, 0x2e]],
    ['a string longer than the file', [0x58, 0xff, 0xff, 0xff, 0x7f, 0x2e]],
    ['a string of 2^63 bytes', [0x8d, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x2e]],
    ['an integer of thousands of digits', [0x8b, 0xff, 0xff, 0xff, 0x7f, 0x2e]],
    ['an unknown opcode', [0xff, 0x2e]],
    ['EXT1', [0x82, 1, 0x2e]],
    ['BUILD of a list', [0x5d, 0x7d, 0x62, 0x2e]],
    ['protocol 9', [0x80, 9, 0x2e]],
    ['a persistent id that is no storage', [0x4b, 1, 0x51, 0x2e]],
    ['a tensor without a storage', [0x63, ...text('torch._utils\n_rebuild_tensor_v2\n'), 0x29, 0x52, 0x2e]],
  ])('%s is an error of the format', (_name, bytes) => {
    expect(() => read(Uint8Array.from([0x80, 2, ...bytes]))).toThrow(
      expect.objectContaining({ code: 'FORMAT' }) as unknown as Error,
    );
  });

  const recall = (index: number) => [0x6a, index & 255, index >> 8, 0, 0];
  /** A tuple that holds itself twice over, `depth` times: 2^depth elements in a few bytes. */
  const doubled = (depth: number): number[] => {
    const bytes = [0x29, 0x71, 0];
    for (let i = 0; i < depth; i++) bytes.push(...recall(i), ...recall(i), 0x86, 0x71, i + 1);
    return bytes;
  };
  const nested = (depth: number): number[] => [0x29, ...new Array<number>(depth).fill(0x85)];
  const call = (name: string) => [0x63, ...text(`${name.replace(/\.(?=\w+$)/, '\n')}\n`)];

  it.each([
    ['doubled', doubled(60)],
    ['nested', nested(100_000)],
  ])('%s tuples are no name, no key and no count', (_name, tuple) => {
    const fails = (bytes: number[]) =>
      expect(() => findStateDict(read(Uint8Array.from([0x80, 4, ...bytes, 0x2e])).value, 'hostile')).toThrow(
        expect.objectContaining({ code: 'FORMAT' }) as unknown as Error,
      );
    fails([...tuple, 0x8c, 1, 0x61, 0x93]);
    fails([0x8c, 1, 0x61, ...tuple, 0x93]);
    fails([0x7d, ...tuple, 0x4b, 1, 0x73]);
    fails([...call('torch.Size'), ...tuple, 0x85, 0x52]);
    fails([...call('collections.OrderedDict'), ...tuple, 0x85, 0x52]);
  });

  it('one list makes one dict: a file can not make more than it holds', () => {
    const pairs = [0x5d, 0x4b, 1, 0x4b, 2, 0x86, 0x61, 0x71, 0];
    const dict = [...call('collections.OrderedDict'), ...recall(0), 0x85, 0x52];
    expect(read(Uint8Array.from([0x80, 2, ...pairs, ...dict, 0x2e])).value).toEqual(new Map([[1, 2]]));
    expect(() => read(Uint8Array.from([0x80, 2, ...pairs, ...dict, ...dict, 0x2e]))).toThrow(
      /an OrderedDict of no pairs/,
    );
  });

  it('a storage has one type and size', () => {
    const key = (name: string) => [0x58, name.length, 0, 0, 0, ...text(name)];
    const storage = (type: string, count: number) => [
      0x28,
      ...key('storage'),
      ...call(type),
      ...key('0'),
      ...key('cpu'),
      0x4b,
      count,
      0x74,
      0x51,
    ];
    const both = (...second: number[]) =>
      read(Uint8Array.from([0x80, 2, ...storage('torch.FloatStorage', 4), ...second, 0x2e]));
    expect(both(...storage('torch.FloatStorage', 4)).value).toMatchObject({
      key: '0',
      type: { name: 'float32' },
      count: 4,
    });
    expect(() => both(...storage('torch.FloatStorage', 5))).toThrow(/two types or sizes/);
    expect(() => both(...storage('torch.IntStorage', 4))).toThrow(/two types or sizes/);
  });

  it('tensors of PyTorch before 0.2 say what they are a view of once they are made', () => {
    const key = (name: string) => [0x58, name.length, 0, 0, 0, ...text(name)];
    const storage = (type: string) => [
      ...[0x28, ...key('storage'), ...call(type), ...key('0'), ...key('cuda:0'), 0x4b, 6, 0x4e, 0x74, 0x51],
    ];
    const state = (type: string) => [
      ...[0x28, ...storage(type), 0x4b, 2, 0x4b, 2, 0x4b, 2, 0x86, 0x4b, 2, 0x4b, 1, 0x86, 0x74],
    ];
    for (const [type, stored] of [
      ['Float', 'F32'],
      ['cuda.Half', 'F16'],
      ['Char', 'I8'],
    ]) {
      const bytes = [
        0x80,
        2,
        ...call(`torch.${type}Tensor`),
        0x29,
        0x81,
        0x71,
        1,
        ...state(`torch.${type}Storage`),
        0x62,
        0x2e,
      ];
      const { value } = read(Uint8Array.from(bytes));
      expect(value).toBeInstanceOf(TensorRef);
      const each = { F32: 4, F16: 2, I8: 1 }[stored!]!;
      expect((value as TensorRef).view).toMatchObject({ stored, begin: 2 * each, shape: [2, 2], strides: [2, 1] });
    }
    // Without a state it is empty, as in PyTorch.
    const { value } = read(Uint8Array.from([0x80, 2, ...call('torch.FloatTensor'), 0x29, 0x52, 0x2e]));
    expect((value as TensorRef).view.shape).toEqual([0]);
  });

  it("Python 2's objects, and a program's text beside a model, are inert", () => {
    const name = [0x58, 1, 0, 0, 0, 0x6d];
    const bytes = [
      0x80,
      2,
      ...call('copy_reg._reconstructor'),
      ...call('nets.Net'),
      ...call('__builtin__.object'),
      0x4e,
      0x87,
      0x52,
      0x7d,
      0x62,
      0x2e,
    ];
    expect(read(Uint8Array.from(bytes)).value).toMatchObject({ name: 'nets.Net' });
    const module = [
      0x28,
      0x58,
      6,
      0,
      0,
      0,
      ...text('module'),
      ...call('nets.Net'),
      ...name,
      ...name,
      0x74,
      0x51,
      0x29,
      0x81,
      0x2e,
    ];
    expect(read(Uint8Array.from([0x80, 2, ...module])).value).toMatchObject({ name: 'nets.Net' });
  });

  it('views that unfold to more than memory holds are refused before any is made', () => {
    const storage = new StorageRef('0', dtypeOf('torch.float32')!, 1, 0);
    const view = (size: number) => new TensorRef({ storage, stored: 'F32', begin: 0, shape: [size], strides: [0] });
    const open = (sizes: number[]) =>
      lazyTensors(new Map(sizes.map((size, i) => [`${i}`, view(size)])), async () => new Uint8Array(4), 'hostile');
    expect(open([1000, 2 ** 20]).size).toBe(2);
    expect(() => open([2 ** 27])).toThrow(/unfold to 134217728 values/);
    expect(() => open(new Array<number>(1000).fill(2 ** 20))).toThrow(/'hostile' holds views that unfold/);
  });

  it('programs of random opcodes end, in values or in our error', () => {
    const random = new Random(2);
    const opcodes = text('.(01N}]lt)aseuRbQcijqroBCKMJGXUT').concat([
      0x80, 0x81, 0x82, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x94,
      0x95, 0x96,
    ]);
    const names = [
      'collections.OrderedDict',
      'torch._utils._rebuild_tensor_v2',
      'torch.Size',
      'torch.FloatStorage',
      'torch.FloatTensor',
      'torch.nn.parameter.Parameter',
      'collections.defaultdict',
      'torch._tensor._rebuild_from_type_v2',
      'os.system',
    ];
    for (let round = 0; round < (process.env.CNNZOO_SLOW === '1' ? 200_000 : 5000); round++) {
      const bytes: number[] = [0x80, 2];
      for (let i = random.integer(60); i >= 0; i--) {
        const kind = random.integer(8);
        if (kind === 0) bytes.push(...call(names[random.integer(names.length)]!));
        else if (kind === 1) bytes.push(0x28, 0x4b, random.integer(4), 0x74);
        else if (kind === 2) bytes.push(0x8c, 1, 0x61 + random.integer(3));
        else bytes.push(opcodes[random.integer(opcodes.length)]!, ...(kind === 3 ? [random.integer(256)] : []));
      }
      try {
        read(Uint8Array.from([...bytes, 0x2e]));
      } catch (error) {
        if (!(error instanceof CnnzooError)) throw error;
      }
    }
  });

  it('keys reach no prototype', () => {
    const key = (name: string) => [0x58, name.length, 0, 0, 0, ...text(name)];
    const bytes = [0x80, 2, 0x7d, 0x28, ...key('__proto__'), 0x7d, ...key('constructor'), 0x4b, 1, 0x75, 0x2e];
    const { value } = read(Uint8Array.from(bytes));
    expect([...(value as Map<string, unknown>).keys()]).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('a dict that holds itself, and a list that doubles itself, end', () => {
    const loop = [0x80, 2, 0x7d, 0x71, 0, 0x58, 1, 0, 0, 0, 0x61, 0x68, 0, 0x73, 0x2e];
    expect(read(Uint8Array.from(loop)).value).toBeInstanceOf(Map);
    const doubling: number[] = [0x80, 2, 0x5d, 0x71, 0];
    for (let i = 0; i < 60; i++) doubling.push(0x68, i, 0x68, i, 0x86, 0x71, i + 1);
    doubling.push(0x2e);
    expect(Array.isArray(read(Uint8Array.from(doubling)).value)).toBe(true);
  });

  it('a name that unfolds without end is not spelled out', () => {
    // Sixty tuples, each twice the one before, as the module and the attribute of a global.
    const bytes: number[] = [0x80, 2, 0x29, 0x71, 0];
    for (let i = 0; i < 60; i++) bytes.push(0x68, i, 0x68, i, 0x86, 0x71, i + 1);
    bytes.push(0x68, 60, 0x93, 0x2e);
    expect(() => readPickle(Uint8Array.from(bytes), torchHandlers('hostile'), 'hostile')).toThrow(CnnzooError);
  });
});

describe('hostile safetensors', () => {
  const file = (header: string, data = 8): Uint8Array => {
    const text = new TextEncoder().encode(header);
    const bytes = new Uint8Array(8 + text.length + data);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
    bytes.set(text, 8);
    return bytes;
  };
  const entry = (begin: number, end: number, shape = '[1]', dtype = 'F32') =>
    `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;

  it('well-formed ones are read', async () => {
    expect([...(await readStateDict(file(`{"a":${entry(0, 4)},"b":${entry(4, 8)}}`))).keys()]).toEqual(['a', 'b']);
  });

  it.each([
    ['overlapping tensors', `{"a":${entry(0, 4)},"b":${entry(2, 6)}}`],
    ['a gap', `{"a":${entry(0, 4)}}`],
    ['an offset past the end', `{"a":${entry(0, 4)},"b":${entry(8, 12)}}`],
    ['a negative offset', `{"a":${entry(-4, 0)},"b":${entry(0, 8, '[2]')}}`],
    ['a shape that does not fit', `{"a":${entry(0, 8, '[3]')}}`],
    ['a fractional shape', `{"a":${entry(0, 8, '[2.5]')}}`],
    ['a shape beyond all memory', `{"a":${entry(0, 8, '[9007199254740991, 9007199254740991]')}}`],
    [
      'the same key twice for the same bytes',
      `{"a":${entry(0, 8, '[2]')},"a":${entry(0, 8, '[2]').replace('_o', '_\\u006f')}}`,
    ],
    ['a shape twice', `{"a":${entry(0, 8, '[2],"shape":[1,2]')}}`],
    ['the same key twice', `{"a":${entry(0, 4)},"a":${entry(4, 8)}}`],
    ['an unknown type', `{"a":${entry(0, 8, '[1]', 'F4')}}`],
    ['no JSON', '{"a":'],
    ['a list', '[]      '],
    ['metadata that is no text', `{"__metadata__":{"a":1},"a":${entry(0, 8, '[2]')}}`],
  ])('%s: an error', async (_name, header) => {
    expect(await attempt(file(header))).toMatchObject({ code: 'FORMAT' });
  });

  it('a header longer than the file', async () => {
    const bytes = file(`{"a":${entry(0, 8, '[2]')}}`);
    bytes[0] = 0xff;
    expect(await attempt(bytes)).toBeInstanceOf(CnnzooError);
  });

  it('names that look like the header itself are names', async () => {
    const names = ['data_offsets', '\\":{', '\\\\', 'a\\"data_offsets\\":'];
    for (const name of names) {
      const state = await readStateDict(file(`{ "${name}" : ${entry(0, 8, '[2]')} }`));
      expect([...state.keys()]).toEqual([JSON.parse(`"${name}"`)]);
    }
  });

  it('the key __proto__ is a key', async () => {
    const state = await readStateDict(file(`{"__proto__":${entry(0, 8, '[2]')}}`));
    expect([...state.keys()]).toEqual(['__proto__']);
  });
});
