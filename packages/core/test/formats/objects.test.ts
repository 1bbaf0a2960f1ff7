// What torch.save writes beside the tensors, and tensors of every type.
import { describe, expect, it } from 'vitest';
import { CnnzooError, encodeSafetensors, openTensors, readStateDict } from '../../src/index.js';
import { expectState, fixture, fixturePath } from './fixtures.js';

const CONTAINERS = ['zip', 'legacy'] as const;

describe('every type that torch writes', () => {
  it.each(['dtypes.zip.pth', 'dtypes.legacy.pth', 'dtypes.safetensors'])('%s', async (name) => {
    expectState(await readStateDict(fixturePath(name)), 'dtypes');
    expectState(await readStateDict(Buffer.from(fixture(name))), 'dtypes');
  });

  it('comes back from a file written here', async () => {
    const state = await readStateDict(fixturePath('dtypes.zip.pth'));
    const back = await readStateDict(Buffer.concat([...encodeSafetensors(state)]));
    expect(new Map([...back].sort())).toEqual(new Map([...state].sort()));
  });

  it('says how the values are stored', async () => {
    for (const name of ['dtypes.zip.pth', 'dtypes.legacy.pth', 'dtypes.safetensors']) {
      const { tensors, close } = await openTensors(fixturePath(name));
      expect(tensors.get('uint16')).toMatchObject({ stored: 'U16', dtype: 'uint16', shape: [2, 3] });
      expect(tensors.get('float8_e5m2')).toMatchObject({ stored: 'F8_E5M2', dtype: 'float32' });
      expect(tensors.get('float8_e8m0fnu')).toMatchObject({ stored: 'F8_E8M0', dtype: 'float32' });
      await close();
    }
  });

  it.each([
    ['complex64', /'weight' as complex64.*view_as_real/],
    ['complex128', /'weight' as complex128.*view_as_real/],
    ['complex32', /'weight' as complex32.*view_as_real/],
    ['conjugated', /'weight' as complex64/],
    ['qint8', /'weight' as quantised values \(qint8\).*dequantize/],
    ['quint8', /'weight' as quantised values \(quint8\).*dequantize/],
    ['qint32', /'weight' as quantised values \(qint32\).*dequantize/],
    ['sparse', /'weight' as a sparse tensor.*to_dense/],
    ['csr', /'weight'.*_rebuild_sparse_csr_tensor|'weight' as a sparse tensor/],
    ['meta', /'weight' as a tensor of the device 'meta', which has no values/],
    ['float4', /'weight' as float4_e2m1fn_x2/],
    ['bits8', /'weight' as bits8/],
    ['nested', /'weight' as a nested tensor/],
  ])('without plain values is refused by name: %s', async (name, message) => {
    for (const container of CONTAINERS) {
      const reading = readStateDict(fixturePath(`refused-${name}.${container}.pth`));
      await expect(reading).rejects.toThrow(CnnzooError);
      await expect(reading).rejects.toThrow(message);
    }
  });
});

describe.each(CONTAINERS)('what lies beside a state dict, %s', (container) => {
  it.each(['objects', 'objects-3', 'objects-4', 'objects-5'])('keeps nothing from being read: %s', async (name) => {
    const file = await openTensors(fixturePath(`${name}.${container}.pth`));
    expectState(
      new Map(await Promise.all([...file.tensors].map(async ([key, t]) => [key, await t.read()] as const))),
      'objects',
    );
    await file.close();
  });

  it('is named where nothing here knows its class', async () => {
    const { inert, close } = await openTensors(fixturePath(`objects.${container}.pth`));
    expect(inert).toEqual(
      expect.arrayContaining(['argparse.Namespace', '__main__.Config', 'torch.optim.sgd.SGD', 'numpy.dtype']),
    );
    for (const known of [
      'collections.Counter',
      'collections.defaultdict',
      'torch.device',
      'torch.float16',
      'builtins.set',
    ])
      expect(inert).not.toContain(known);
    await close();
  });
});

it('a file of plain values names nothing', async () => {
  for (const name of ['net.zip.pth', 'net.legacy.pth', 'net.safetensors', 'parameters.zip.pth', 'dtypes.legacy.pth']) {
    const { inert, close } = await openTensors(fixturePath(name));
    expect(inert, name).toEqual([]);
    await close();
  }
});

describe('a whole model is named, with the way out', () => {
  it.each([
    ['module', /a whole model, an object of __main__.Net/],
    ['module-wrapped', /a whole model, an object of torch.nn.modules.container.Sequential/],
  ])('%s', async (name, message) => {
    for (const container of CONTAINERS) {
      const reading = readStateDict(fixturePath(`${name}.${container}.pth`));
      await expect(reading).rejects.toMatchObject({ code: 'UNSAFE' });
      await expect(reading).rejects.toThrow(message);
      await expect(reading).rejects.toThrow(/weights_only=False\)\.state_dict\(\)/);
    }
  });
});
