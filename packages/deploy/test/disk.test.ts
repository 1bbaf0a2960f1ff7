// Exports to places that can't be written, and exports that are stopped: nothing half-written has the target's name.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { buildModel, flatten, linear, saveStateDict, seq, useBackend } from '@cnnzoo/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSession, exportGraphModel, exportOnnx } from '../src/index.js';
import { openGraphModel } from './graph-model-files.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-disk-'));
const at = (...names: string[]): string => join(directory, ...names);
let net: LayersModel | undefined;
beforeAll(async () => {
  await useBackend('cpu');
});
// A net of three files of weights.
const build = (): LayersModel => buildModel('wide', seq([flatten, linear(3000), linear(4)]), [16, 16, 3]);
afterEach(() => {
  net?.dispose();
  net = undefined;
  for (const name of readdirSync(directory)) rmSync(at(name), { recursive: true });
});
afterAll(() => rmSync(directory, { recursive: true }));

const FORMATS: readonly (readonly [name: string, path: string, write: (path: string) => Promise<unknown>])[] = [
  ['ONNX', 'a.onnx', (path) => exportOnnx(net!, path)],
  ['GraphModel', 'a', (path) => exportGraphModel(net!, path)],
  ['state dict', 'a.safetensors', (path) => saveStateDict(net!, path)],
];

const mount = (...args: string[]): boolean => {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

describe.each(FORMATS)('%s', (_, name, write) => {
  it('a full disk is said, and left empty', async (context) => {
    mkdirSync(at('disk'));
    if (!mount('-t', 'tmpfs', '-o', 'size=6m', 'tmpfs', at('disk')))
      return context.skip('needs the right to mount a small file system');
    try {
      net = build();
      const fault = await write(at('disk', name)).catch((error: unknown) => error);
      expect(fault).toMatchObject({ code: 'FILE', message: expect.stringContaining('the disk is full') });
      expect(readdirSync(at('disk'))).toEqual([]);
      // A directory that was there stays.
      if (name === 'a') {
        mkdirSync(at('disk', name));
        await expect(write(at('disk', name))).rejects.toMatchObject({ code: 'FILE' });
        expect(readdirSync(at('disk', name))).toEqual([]);
      }
    } finally {
      execFileSync('umount', [at('disk')]);
    }
  });

  it('a directory that can only be read is said', async (context) => {
    mkdirSync(at('closed'));
    if (!mount('--bind', at('closed'), at('closed')) || !mount('-o', 'remount,bind,ro', at('closed')))
      return context.skip('needs the right to mount a file system');
    try {
      net = build();
      await expect(write(at('closed', name))).rejects.toMatchObject({
        code: 'FILE',
        message: expect.stringContaining('read-only'),
      });
      expect(readdirSync(at('closed'))).toEqual([]);
    } finally {
      execFileSync('umount', [at('closed')]);
    }
  });

  it('a file above it is said', async () => {
    net = build();
    writeFileSync(at('file'), 'mine');
    await expect(write(at('file', name))).rejects.toMatchObject({
      code: 'FILE',
      message: expect.stringContaining('is a file, not a directory'),
    });
    expect(readFileSync(at('file'), 'utf8')).toBe('mine');
    expect(readdirSync(directory)).toEqual(['file']);
  });

  it('a process that is killed leaves nothing of the name', async () => {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('killed.ts', import.meta.url)), at(name)],
      { cwd: fileURLToPath(new URL('../../..', import.meta.url)), stdio: ['ignore', 'inherit', 'inherit'] },
    );
    const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
    // The first bytes are written: something is in the directory, under another name.
    let isEnded = false;
    void ended.then(() => {
      isEnded = true;
    });
    const isBegun = () => readdirSync(directory).length > 0;
    while (!isBegun() && !isEnded) await new Promise((resolve) => setTimeout(resolve, 1));
    child.kill('SIGKILL');
    await ended;
    expect(child.signalCode).toBe('SIGKILL');
    expect(readdirSync(directory)).not.toEqual([]);
    expect(existsSync(at(name))).toBe(false);
    // The place can be used again.
    net = build();
    await write(at(name));
    expect(existsSync(at(name))).toBe(true);
  });
});

it('a folder of the name of a file stays', async () => {
  net = build();
  mkdirSync(at('a.onnx'));
  await expect(exportOnnx(net, at('a.onnx'))).rejects.toMatchObject({
    code: 'FILE',
    message: expect.stringMatching(/stays/),
  });
  mkdirSync(at('a.safetensors'));
  await expect(saveStateDict(net, at('a.safetensors'))).rejects.toMatchObject({ code: 'FILE' });
  expect(readdirSync(directory).sort()).toEqual(['a.onnx', 'a.safetensors']);
});

it('a GraphModel is written into an empty directory, at any path', async () => {
  net = build();
  mkdirSync(at('empty'));
  await exportGraphModel(net, at('empty'));
  await exportGraphModel(net, `${at('deep', 'er')}/`);
  await exportGraphModel(net, pathToFileURL(at('by url')));
  for (const path of ['empty', join('deep', 'er'), 'by url']) {
    expect(readdirSync(at(path)).sort()).toEqual(['model.json', ...[1, 2, 3].map((n) => `weights-00${n}.bin`)]);
    (await openGraphModel(at(path))).dispose();
  }
  expect(readdirSync(directory).sort()).toEqual(['by url', 'deep', 'empty']);
});

it('a GraphModel is no saved net: that is said', async () => {
  net = build();
  await exportGraphModel(net, at('a'));
  for (const path of [at('a'), at('a', 'model.json')])
    await expect(createSession(path)).rejects.toMatchObject({
      name: 'CnnzooError',
      code: expect.stringMatching(/FILE|FORMAT/),
    });
});
