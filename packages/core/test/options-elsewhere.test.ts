// Unknown options are refused by every function that takes options.
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel, Classifier, flatten, linear, load, seq, useBackend } from '../src/index.js';
import { adamW, evaluate, fit, oneCycle, rmsprop, sgd, train } from '../src/train.js';

beforeAll(async () => {
  await useBackend('cpu');
});

const refused = (name: string, meant: string) =>
  expect.objectContaining({
    code: 'INPUT',
    message: expect.stringMatching(new RegExp(`there is no option '${name}'. Expected .*\\b${meant}\\b`)),
  });

describe('an option that is not there is refused', () => {
  it.each([sgd, adamW, rmsprop])('by $name, and by its groups of parameters', (optimizer) => {
    expect(() => optimizer({ lr: 0.1, weight_decay: 1e-4 } as never)).toThrow(refused('weight_decay', 'weightDecay'));
    expect(() => optimizer({ lr: 0.1, groups: [{ match: 'fc', LR: 1 }] } as never)).toThrow(refused('LR', 'lr'));
    optimizer({ lr: 0.1, weightDecay: 0, decayNormsAndBiases: false, groups: [{ match: 'fc', weightDecay: 0 }] });
  });

  it('by the own options of optimizers and schedules', () => {
    expect(() => sgd({ lr: 0.1, nestrov: true } as never)).toThrow(refused('nestrov', 'nesterov'));
    expect(() => adamW({ lr: 0.1, epsilon: 1e-8 } as never)).toThrow(refused('epsilon', 'eps'));
    expect(() => oneCycle(0.1, { pct_start: 0.2 } as never)).toThrow(refused('pct_start', 'pctStart'));
  });

  it('by load and preprocess', async () => {
    await expect(load('nowhere', { singal: undefined, sginal: 1 } as never)).rejects.toEqual(
      refused('sginal', 'signal'),
    );
    const preprocessing = { resize: 4, crop: [4, 4], channels: 3, mean: [0, 0, 0], std: [1, 1, 1] } as const;
    const model = buildModel('net', seq({ flatten, fc: linear(2) }), [4, 4, 3]);
    const net = new Classifier({
      model,
      preprocessing: { ...preprocessing, interpolation: 'bilinear' },
      categories: null,
    });
    await expect(net.preprocess('cat.jpg', { maxpixels: 1 } as never)).rejects.toEqual(
      refused('maxpixels', 'maxPixels'),
    );
    net.dispose();
  });
});

it.each([undefined, 'sgd', {}])('train refuses %s in the place of an optimizer', async (optimizer) => {
  const net = buildModel('net', seq({ flatten, fc: linear(2) }), [4, 4, 3]);
  const data = { size: 1, categories: [], batches: () => [] };
  await expect(train(net, data, { optimizer } as never).next()).rejects.toMatchObject({
    code: 'INPUT',
    message: expect.stringContaining('expected an optimizer'),
  });
  net.dispose();
});

describe('what is of another kind than expected is refused', () => {
  const data = { size: 1, categories: [], batches: () => [] };
  const optimizer = sgd({ lr: 0.1 });

  it.each([
    [{ loss: 'bce' }, 'loss'],
    [{ mix: 'mixup' }, 'mix'],
    [{ mix: [null] }, 'mix'],
    [{ augment: true }, 'augment'],
    [{ auxiliaryWeight: Number.NaN }, 'auxiliaryWeight'],
  ])('by train and fit: %j', async (option, name) => {
    const net = buildModel('net', seq({ flatten, fc: linear(2) }), [4, 4, 3]);
    const refusal = { code: 'INPUT', message: expect.stringContaining(`expected ${name}`) };
    await expect(train(net, data, { optimizer, ...option } as never).next()).rejects.toMatchObject(refusal);
    await expect(fit(net, data, { optimizer, ...option } as never)).rejects.toMatchObject(refusal);
    net.dispose();
  });

  it.each([
    [undefined, 'undefined'],
    [Promise.resolve(data), 'await it'],
    [[1, 2], '1,2'],
    [5, 'received 5'],
  ])('in the place of a data set, by train, fit and evaluate: %s', async (given, shown) => {
    const net = buildModel('net', seq({ flatten, fc: linear(2) }), [4, 4, 3]);
    const refusal = { code: 'INPUT', message: expect.stringContaining(shown) };
    await expect(train(net, given as never, { optimizer }).next()).rejects.toMatchObject(refusal);
    await expect(fit(net, given as never, { optimizer })).rejects.toMatchObject(refusal);
    await expect(evaluate(net, given as never)).rejects.toMatchObject(refusal);
    await expect(evaluate(net, data, { loss: 'bce' } as never)).rejects.toMatchObject({ code: 'INPUT' });
    net.dispose();
  });
});
