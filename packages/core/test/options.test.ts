import { describe, expect, it } from 'vitest';
import { checkOptions, nearest } from '../src/options.js';

const known = ['inputShape', 'numClasses', 'seed'];

describe('checkOptions', () => {
  it('lets known options pass, absent ones, and no options at all', () => {
    checkOptions('f', undefined, known);
    checkOptions('f', {}, known);
    checkOptions('f', { numClasses: 10, seed: undefined, other: undefined }, known);
  });

  it.each([
    [{ numclasses: 10 }, "f: there is no option 'numclasses'. Did you mean 'numClasses'?"],
    [{ num_classes: 10 }, "Did you mean 'numClasses'?"],
    [{ seed: 1, shape: [32, 32, 3] }, "Did you mean 'inputShape'? Expected inputShape, numClasses, seed."],
    [{ constructor: 1 }, "there is no option 'constructor'"],
  ])('names the option that is meant by %j', (options, message) => {
    expect(() => checkOptions('f', options, known)).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringContaining(message) }),
    );
  });

  it.each([10, 'resnet18', null, true])('refuses %s in the place of options', (options) => {
    expect(() => checkOptions('f', options, known)).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });

  it('finds the nearest name by edits, in any case', () => {
    expect(nearest('topk', ['batchSize', 'topK'])).toBe('topK');
    expect(nearest('learningrate', ['lr', 'learningRate'])).toBe('learningRate');
    expect(nearest('x', [])).toBeUndefined();
  });
});
