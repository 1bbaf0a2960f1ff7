// cnnzoo classify FOLDER --out: whole, stopped, killed and resumed runs.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cnnzoo, cnnzooUntil } from './command.js';
import { writeCorrupt, writeImages } from './image-folder.js';

const place = mkdtempSync(join(tmpdir(), 'cnnzoo-folder-'));
const at = (name: string): string => join(place, name);
const folder = at('photos');
const read = (name: string): string => readFileSync(at(name), 'utf8');
const classify = (out: string, ...more: string[]) =>
  cnnzoo('classify', folder, '--model', 'lenet5_relu', '--top', '2', '--out', at(out), ...more);

let whole: string;
beforeAll(async () => {
  await writeImages(folder, 8, 1);
  await writeCorrupt(folder);
  writeFileSync(join(folder, 'notes.txt'), 'no image');
  const { code, out, err } = await classify('whole.jsonl', '--batch', '5');
  expect(err).toContain('classifying');
  expect(out).toMatch(/^Wrote .*whole\.jsonl: 25 images, 1 of them could not be read and have an error\. Engine: /);
  expect(code).toBe(1);
  whole = read('whole.jsonl');
}, 60_000);
afterAll(() => rmSync(place, { recursive: true }));

describe('a folder', () => {
  it('gives a line of facts, then one for each image in the order of the paths', () => {
    const [facts, ...results] = whole
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(facts).toMatchObject({
      run: 'cnnzoo classify',
      model: 'lenet5_relu',
      weights: 'MNIST_V1',
      top: 2,
      images: 25,
    });
    const images = results.map(({ image }) => image);
    expect(images).toEqual([...images].sort());
    expect(images).toContain('so bright/7.png');
    for (const { image, predictions, error } of results)
      if (image === 'dark/broken.jpg')
        expect(error).toMatchObject({ code: 'IMAGE', message: expect.stringMatching(/^dark\/broken\.jpg: /) });
      else
        expect(predictions).toEqual(
          [0, 1].map(() => ({ label: expect.any(String), index: expect.any(Number), score: expect.any(Number) })),
        );
  });

  it('gives the same bytes in other batches, by another path to the folder, and again', async () => {
    expect((await classify('other.jsonl', '--batch', '16')).code).toBe(1);
    expect(read('other.jsonl')).toBe(whole);
    symlinkSync(folder, at('link'));
    await cnnzoo('classify', `${at('link')}/`, '--model', 'lenet5_relu', '--top', '2', '--out', at('link.jsonl'));
    expect(read('link.jsonl')).toBe(whole);
    const again = await classify('other.jsonl');
    expect(again).toMatchObject({ code: 1, err: '25 of 25 images have results.' });
    expect(read('other.jsonl')).toBe(whole);
  });

  it('names an image in its error as beside it, also one with the patterns of a replacement in its name', async () => {
    const image = '$& $1 $`.jpg';
    mkdirSync(at('named'));
    writeFileSync(join(at('named'), image), 'no image');
    await cnnzoo('classify', at('named'), '--model', 'lenet5_relu', '--out', at('named.jsonl'));
    const result = JSON.parse(read('named.jsonl').split('\n')[1]!);
    expect(result).toMatchObject({ image, error: { message: expect.stringMatching(/^\$& \$1 \$`\.jpg: expected/) } });
  });

  it('goes on from any byte at which it was cut off', async () => {
    const header = whole.indexOf('\n') + 1;
    const second = whole.indexOf('\n', header) + 1;
    const broken = whole.indexOf('dark/broken');
    const bytes = Buffer.from(whole);
    for (const cut of [header, header + 1, second - 1, second, broken, bytes.length - 1]) {
      writeFileSync(at('cut.jsonl'), bytes.subarray(0, cut));
      await classify('cut.jsonl', '--batch', '3');
      expect(read('cut.jsonl')).toBe(whole);
    }
  }, 60_000);

  it('stops by Ctrl-C with 130, and goes on', async () => {
    const stopped = await cnnzooUntil(
      (line) => line.startsWith('classifying: 10 of'),
      ...['classify', folder, '--model', 'lenet5_relu', '--top', '2', '--batch', '2', '--out', at('stopped.jsonl')],
    );
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/Stopped after \d+ of 25 images\. The same command goes on/);
    expect(read('stopped.jsonl').length).toBeLessThan(whole.length);
    expect(whole.startsWith(read('stopped.jsonl'))).toBe(true);
    expect((await classify('stopped.jsonl')).err).toMatch(/^\d+ of 25 images have results/);
    expect(read('stopped.jsonl')).toBe(whole);
  });
});

describe('a killed process', () => {
  it('leaves a file that the next run completes, byte for byte', async () => {
    const bin = fileURLToPath(new URL('../src/bin.ts', import.meta.url));
    const argv = [
      'classify',
      folder,
      '--model',
      'lenet5_relu',
      '--top',
      '2',
      '--batch',
      '1',
      '--out',
      at('killed.jsonl'),
    ];
    const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), bin, ...argv], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.on('close', (_, signal) => resolve(signal)));
    const header = whole.indexOf('\n') + 1;
    const size = (): number => statSync(at('killed.jsonl'), { throwIfNoEntry: false })?.size ?? 0;
    while (size() <= header && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGKILL');
    // A fast machine may have ended by then; the file is then whole.
    expect([null, 'SIGKILL']).toContain(await ended);
    expect(whole.startsWith(read('killed.jsonl'))).toBe(true);
    await classify('killed.jsonl');
    expect(read('killed.jsonl')).toBe(whole);
  }, 60_000);
});

describe('refuses', () => {
  const refused = async (out: string, argv: readonly string[], message: RegExp): Promise<void> => {
    const before = statSync(at(out), { throwIfNoEntry: false })?.isFile() ? read(out) : undefined;
    const { code, err } = await cnnzoo('classify', ...argv, '--out', at(out));
    expect(err).toMatch(message);
    expect(code).toBe(1);
    if (before !== undefined) expect(read(out)).toBe(before);
  };

  it('to resume with another model, other weights, options, images or a line that is not its own', async () => {
    cpSync(folder, at('more'), { recursive: true });
    cpSync(join(folder, 'dark/1.png'), at('more/dark/99.png'));
    cpSync(folder, at('changed'), { recursive: true });
    writeFileSync(at('changed/dark/broken.jpg'), 'no image as well');
    const [facts, first, second, ...rest] = whole.split('\n');
    writeFileSync(at('part.jsonl'), `${[facts, first, second].join('\n')}\n`);
    const net = ['--model', 'lenet5_relu', '--top', '2'];
    await refused('part.jsonl', [folder, '--model', 'lenet5', '--top', '2'], /the model was lenet5_relu and is lenet5/);
    await refused('part.jsonl', [folder, '--model', 'lenet5_relu'], /--top was 2 and is 5/);
    await refused('part.jsonl', [at('more'), ...net], /number of images was 25 and is 26/);
    await refused('part.jsonl', [at('changed'), ...net], /paths or sizes/);
    await refused('part.jsonl', [folder, ...net, '--backend', 'cpu'], /the engine was/);
    writeFileSync(at('net.jsonl'), whole.replace(/"net":"./, '"net":"x'));
    await refused('net.jsonl', [folder, ...net], /weights, categories or preprocessing/);
    writeFileSync(at('version.jsonl'), whole.replace(/"version":"/, '"version":"9'));
    await refused('version.jsonl', [folder, ...net], /the version of cnnzoo/);
    writeFileSync(at('swapped.jsonl'), [facts, second, first, ...rest].join('\n'));
    await refused('swapped.jsonl', [folder, ...net], /line 2 is not the result of/);
    writeFileSync(at('longer.jsonl'), `${whole}${first}\n`);
    await refused('longer.jsonl', [folder, ...net], /line 27/);
    const score = JSON.parse(second!).predictions[0].score;
    writeFileSync(at('scored.jsonl'), `${[facts, first, second!.replace(String(score), '0.5')].join('\n')}\n`);
    await refused('scored.jsonl', [folder, ...net], /had another result/);
  }, 60_000);

  it('files that are not its own, and folders that are none', async () => {
    writeFileSync(at('empty.jsonl'), '');
    writeFileSync(at('mine.jsonl'), 'mine');
    writeFileSync(at('results.jsonl'), '{"image":"a.png"}\n');
    for (const name of ['empty.jsonl', 'mine.jsonl', 'results.jsonl', 'photos'])
      await refused(name, [folder], /it stays/);
    mkdirSync(at('none'));
    await refused('new.jsonl', [at('none')], /There is no image/);
    await refused('new.jsonl', [at('no/such')], /not there/);
    await refused('new.jsonl', [join(folder, 'dark/1.png')], /is a file/);
    await refused('new.jsonl', [folder, folder], /one folder/);
    expect(statSync(at('new.jsonl'), { throwIfNoEntry: false })).toBeUndefined();
    const { code, err } = await cnnzoo('classify', join(folder, 'dark/1.png'), '--batch', '4');
    expect(code).toBe(1);
    expect(err).toContain('--out');
    expect((await cnnzoo('classify', folder, '--model', 'lenet5')).err).toContain('--out results.jsonl');
  });
});
