import { describe, expect, it } from 'vitest';
import { checkOptions } from '../src/util/options.js';

const known = ['inputShape', 'numClasses', 'seed'];

describe('checkOptions', () => {
  it('lets known options pass, absent ones, and no options at all', () => {
    checkOptions('f', undefined, known);
    checkOptions('f', {}, known);
    checkOptions('f', { numClasses: 10, seed: undefined, other: undefined }, known);
  });

  it.each([
    [{ numclasses: 10 }, "f: there is no option 'numclasses'. Expected 'inputShape', 'numClasses', 'seed'."],
    [{ seed: 1, shape: [32, 32, 3] }, "there is no option 'shape'"],
    [{ constructor: 1 }, "there is no option 'constructor'"],
  ])('names the one that is not there, and those that are: %j', (options, message) => {
    expect(() => checkOptions('f', options, known)).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringContaining(message) }),
    );
  });

  it.each([
    ['signal', 5],
    ['signal', {}],
    ['signal', new AbortController()],
    ['progress', 5],
    ['progress', {}],
  ])('refuses a %s that is none: %s', (name, value) => {
    expect(() => checkOptions('f', { [name]: value }, ['signal', 'progress'])).toThrow(
      expect.objectContaining({ code: 'INPUT', message: expect.stringContaining(`f: expected ${name} to be`) }),
    );
  });

  it('lets a signal and a function pass', () => {
    const options = { signal: new AbortController().signal, progress: () => undefined };
    checkOptions('f', options, ['signal', 'progress']);
    checkOptions('f', { signal: null }, ['signal']);
  });

  it.each([10, 'resnet18', null, true])('refuses %s in the place of options', (options) => {
    expect(() => checkOptions('f', options, known)).toThrow(expect.objectContaining({ code: 'INPUT' }));
  });
});
