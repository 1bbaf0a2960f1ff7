import { describe, expect, it } from 'vitest';
import { version } from '../package.json';
import { cnnzoo } from './command.js';

describe('help', () => {
  it('names every command, and is no failure', async () => {
    const { code, out, err } = await cnnzoo('--help');
    expect(code).toBe(0);
    expect(err).toBe('');
    for (const command of [
      'classify IMAGE...',
      'list [PATTERN]',
      'summary MODEL',
      'finetune FOLDER',
      'export MODEL',
      'quantize MODEL',
      'bench [MODEL]',
      'cache ',
    ])
      expect(out).toContain(`\n  ${command}`);
  });

  it.each(['classify', 'list', 'summary', 'finetune', 'export', 'quantize', 'bench', 'cache'])(
    'of %s has examples',
    async (command) => {
      const { code, out } = await cnnzoo(command, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`$ cnnzoo ${command}`);
    },
  );

  it('fits a terminal', async () => {
    for (const command of [
      [],
      ['classify'],
      ['list'],
      ['summary'],
      ['finetune'],
      ['export'],
      ['quantize'],
      ['bench'],
      ['cache'],
    ]) {
      const { out } = await cnnzoo(...command, '--help');
      for (const line of out.split('\n').filter((text) => !text.includes('$ ')))
        expect(line.length).toBeLessThanOrEqual(80);
    }
  });

  it('says the version', async () => {
    expect(await cnnzoo('--version')).toEqual({ code: 0, out: version, err: '' });
  });
});

describe('wrong usage', () => {
  it.each([
    [[]],
    [['cache']],
    [['clasify']],
    [['classify']],
    [['classify', 'a.png', '--top', '0']],
    [['classify', 'a.png', '--top', '1.5']],
    [['classify', 'a.png', '--modle', 'resnet18']],
    [['summary']],
    [['summary', 'resnet18', '--input', '224']],
    [['summary', 'resnet18', '--input', '0x224']],
    [['summary', 'resnet18', '--svg', '--json']],
    [['list', 'a', 'b']],
    [['finetune']],
    [['finetune', 'a', '--freeze', 'head']],
    [['finetune', 'a', '--epochs', '0']],
    [['finetune', 'a', '--lr', '-1']],
    [['finetune', 'a', '--lr', 'x']],
    [['finetune', 'a', '--seed', '-1']],
    [['cache', 'empty']],
    [['cache', 'list', 'resnet18']],
    [['cache', 'clear', '--model', 'resnet18']],
    [['cache', 'clear', '--al']],
    [['cache', '--json', 'list']],
    [['list', '--jsno']],
    [['list', '--json=yes']],
  ])('%j: exit code 2, and a word on stderr', async (argv) => {
    const { code, out, err } = await cnnzoo(...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).not.toBe('');
  });

  it('suggests what was meant', async () => {
    expect((await cnnzoo('clasify')).err).toContain('Did you mean classify?');
    expect((await cnnzoo('summary', 'resnet18', '--input', '224')).err).toContain('HEIGHTxWIDTH');
  });
});
