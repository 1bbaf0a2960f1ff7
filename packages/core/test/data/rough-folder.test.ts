import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { imageFolder } from '../../src/data.js';

const image = (format: 'png' | 'jpeg' | 'gif' = 'png'): Promise<Uint8Array> =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: 9, g: 8, b: 7 } } })
    .toFormat(format)
    .toBuffer();

let root: string;
let warned: ReturnType<typeof vi.spyOn>;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'cnnzoo-rough-'));
});
afterAll(() => rm(root, { recursive: true }));
beforeEach(() => {
  warned = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
});
afterEach(() => vi.restoreAllMocks());

const said = (): string => warned.mock.calls.flat().join('\n');

let folders = 0;
async function folderOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = join(root, `folder-${folders++}`);
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const names = (folder: string, { train }: { train: { files: readonly { name: string }[] } }): string[] =>
  train.files.map(({ name }) => name.slice(folder.length + 1));

describe('what can’t be read is named and left out:', () => {
  it.each([
    ['a link to nothing', (folder: string) => symlink(join(folder, 'gone.png'), join(folder, 'b/2.png')), 'b/2.png'],
    ['a link to itself', (folder: string) => symlink('2.png', join(folder, 'b/2.png')), 'b/2.png'],
    ['a class folder that is a link to nothing', (folder: string) => symlink('gone', join(folder, 'c')), 'c'],
    ['a folder below a class that is a loop', (folder: string) => symlink('deep', join(folder, 'b/deep')), 'b/deep'],
    ['a pipe', async (folder: string) => void execFileSync('mkfifo', [join(folder, 'b/2.jpg')]), 'b/2.jpg'],
  ])('%s', async (_, damage, name) => {
    const folder = await folderOf({ 'a/1.png': await image(), 'b/1.png': await image() });
    await damage(folder);
    const { train, categories, corrupt } = await imageFolder(folder, { workers: 0 });
    expect(categories).toEqual(['a', 'b']);
    expect(train.size).toBe(2);
    expect(corrupt).toEqual([{ name: `${folder}/${name}`, message: expect.stringContaining(`${folder}/${name}`) }]);
    expect(said()).toContain(`${folder}/${name}`);
    const refused = imageFolder(folder, { workers: 0, corrupt: 'throw' });
    await expect(refused).rejects.toMatchObject({
      code: 'IMAGE',
      message: expect.stringContaining(`${folder}/${name}`),
    });
  });

  it('nothing of what is no image anyway', async () => {
    const folder = await folderOf({ 'a/1.png': await image() });
    await symlink('gone.txt', join(folder, 'a/notes.txt'));
    await symlink('gone', join(folder, 'a/.hidden'));
    expect((await imageFolder(folder, { workers: 0 })).corrupt).toEqual([]);
    expect(said()).toBe('');
  });
});

it('keeps the label of a class without images, and says so', async () => {
  const folder = await folderOf({ 'a/1.png': await image(), 'b/notes.txt': 'none', 'd/4.png': 'damaged' });
  await mkdir(join(folder, 'c'));
  await writeFile(join(folder, 'e.txt'), '');
  const { train, categories } = await imageFolder(folder, { workers: 0 });
  expect(categories).toEqual(['a', 'b', 'c', 'd']);
  expect(train.files.map(({ label }) => label)).toEqual([0]);
  expect(said()).toMatch(/no image to train on of 'b', 'c', 'd'/);
});

it('takes a link that leads back for no class', async () => {
  const folder = await folderOf({ 'a/1.png': await image() });
  await symlink('.', join(folder, 'back'));
  await symlink('..', join(folder, 'a/up'));
  const { train, categories, corrupt } = await imageFolder(folder, { workers: 0 });
  expect([categories, train.size, corrupt]).toEqual([['a'], 1, []]);
});

it('says which images are in neither part', async () => {
  const folder = await folderOf({
    'train/a/1.png': await image(),
    'val/a/2.png': await image(),
    'test/a/3.png': await image(),
  });
  const { train, validation } = await imageFolder(folder, { workers: 0 });
  expect([train.size, validation!.size]).toEqual([1, 1]);
  expect(said()).toMatch(/1 images in neither part, in 'test\/'/);
});

it('reads images by any of their endings, and without one by their content', async () => {
  const [jpeg, gif] = [await image('jpeg'), await image('gif')];
  const folder = await folderOf({
    'a/1.jfif': jpeg,
    'a/2.jpe': jpeg,
    'a/3.JPG': jpeg,
    'a/4.Jpeg': jpeg,
    'a/5.pjpeg': jpeg,
    'a/6': jpeg,
    'a/n01440764.10026': await image('png'),
    'a/README': 'no image',
    'a/LICENSE': '',
    'a/notes.txt': jpeg,
    'a/Thumbs.db': jpeg,
    'a/desktop.ini': jpeg,
    'a/.DS_Store': jpeg,
    'a/._1.jpg': jpeg,
    '__MACOSX/a/1.jpg': jpeg,
    '__MACOSX/._a': jpeg,
    '.ipynb_checkpoints/1.jpg': jpeg,
    'a/gif': gif,
  });
  const found = await imageFolder(folder, { workers: 0 });
  expect(found.categories).toEqual(['a']);
  expect(names(folder, found)).toEqual([
    'a/1.jfif',
    'a/2.jpe',
    'a/3.JPG',
    'a/4.Jpeg',
    'a/5.pjpeg',
    'a/6',
    'a/n01440764.10026',
  ]);
  // A format that can't be decoded is reported.
  expect(found.corrupt.map(({ name }) => name)).toEqual([`${folder}/a/gif`]);
});

it('reads the files of a page by the same rules', async () => {
  const jpeg = Uint8Array.from(await image('jpeg'));
  const file = (path: string, content: Uint8Array<ArrayBuffer> | string): File =>
    Object.defineProperty(new File([content], path.split('/').at(-1)!), 'webkitRelativePath', { value: `seg/${path}` });
  const { train, validation, categories } = await imageFolder(
    [
      file('seg_train/seg_train/b/1', jpeg),
      file('seg_train/seg_train/a/1.JFIF', jpeg),
      file('seg_train/seg_train/c/notes.txt', 'empty'),
      file('seg_test/seg_test/b/2.jpe', jpeg),
      file('seg_test/seg_test/b/README', 'text'),
      file('__MACOSX/b/2.jpe', jpeg),
    ],
    { workers: 0 },
  );
  expect(categories).toEqual(['a', 'b', 'c']);
  expect([train.files, validation!.files].map((files) => files.map(({ label }) => label))).toEqual([[0, 1], [1]]);
  expect(said()).toContain("'c'");
});

it('merges a class that two file systems spell in two ways', async () => {
  const folder = await folderOf({
    'cafe\u0301/1.png': await image(),
    'caf\u00e9/2.png': await image(),
    'cafz/3.png': await image(),
  });
  const { categories, train } = await imageFolder(folder, { workers: 0 });
  expect(categories).toEqual(['cafz', 'caf\u00e9']);
  expect(train.files.map(({ label }) => label)).toEqual([0, 1, 1]);
});

it('takes a file: URL, as text and as an object', async () => {
  const folder = join(await folderOf({ 'x y #1/a/1.png': await image() }), 'x y #1');
  for (const place of [folder, pathToFileURL(folder), pathToFileURL(folder).href, `${pathToFileURL(folder)}/`]) {
    const { train } = await imageFolder(place, { workers: 0 });
    expect(train.files.map(({ name }) => name)).toEqual([`${folder}/a/1.png`]);
  }
});

it.each([
  ['the URL of a server', 'https://example.com/flowers'],
  ['a URL object of a server', new URL('https://example.com/flowers')],
  ['the file of another machine', 'file://server/flowers'],
  ['no text', ''],
  ['a number', 5 as unknown as string],
  ['nothing', undefined as unknown as string],
  ['a symbol', Symbol('flowers') as unknown as string],
  ['a list of paths', ['a/1.png'] as unknown as string],
  ['a list of files with something else in it', [new File([], 'a/1.png'), undefined] as unknown as string],
  ['bytes', Buffer.from('flowers') as unknown as string],
])('refuses %s', async (_, folder) => {
  await expect(imageFolder(folder)).rejects.toMatchObject({ name: 'CnnzooError' });
});

it('shows what a name would do to a terminal', async () => {
  const folder = await folderOf({ 'a/1.png': await image(), 'b\u001b[2J/x\u001b]0;t\u0007\u202egnp.png': 'no image' });
  const { corrupt, categories } = await imageFolder(folder, { workers: 0 });
  expect(categories[1]).toBe('b\u001b[2J');
  expect(said()).toContain(String.raw`b\x1b[2J/x\x1b]0;t\x07\u202egnp.png`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there.
  const hidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/;
  expect(said()).not.toMatch(hidden);
  expect(corrupt[0]!.message).not.toMatch(hidden);
});

it.each([
  ['Training and Testing', ['archive/Training/a/1.png', 'archive/Testing/a/1.png'], true],
  ['train and val beside others', ['data/train/a/1.png', 'data/val/a/1.png', 'data/test/a/1.png'], true],
  ['a class that is called so', ['data/train/1.png', 'data/car/1.png'], false],
  ['the same in two classes', ['data/train/1.png', 'data/val/1.png', 'other/1.png'], false],
])('says of one class whether it holds %s', async (_, paths, isSaid) => {
  const content = await image();
  const folder = await folderOf(Object.fromEntries(paths.map((path) => [path, content])));
  const { train, validation } = await imageFolder(folder, { workers: 0 });
  expect([train.size, validation]).toEqual([paths.length, undefined]);
  expect(said().includes('in it folders for training and validation')).toBe(isSaid);
});

it.each([
  ['seed', Number.NaN],
  ['seed', '1'],
  ['maxPixels', 0],
  ['maxPixels', '5'],
])('refuses %s %o before a file is read', async (option, value) => {
  const folder = await folderOf({ 'train/a/1.png': 'no image', 'val/a/1.png': 'no image' });
  const refused = imageFolder(folder, { workers: 0, [option]: value });
  await expect(refused).rejects.toMatchObject({ code: 'INPUT', message: expect.stringContaining(option) });
});

it('asks a pool of many workers for no more than there is to do', async () => {
  const folder = await folderOf({ 'a/1.png': await image(), 'b/1.png': await image() });
  const { train } = await imageFolder(folder, { workers: 1e9 });
  expect(train.size).toBe(2);
});
