import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findChromium } from '../../tools/release/chromium.js';
import { bench, run } from './process.js';

/** Returns the version of a package that the workspace's root has installed. */
export const versionOf = (name: string): string =>
  JSON.parse(readFileSync(join(bench, '..', 'node_modules', name, 'package.json'), 'utf8')).version;

/** Peer that is unavailable, with the reason as its message. */
export class Lacking extends Error {}

/**
 * Returns the folder of an installed native tfjs-node. This workspace never installs one, because it downloads a
 * library.
 */
export function tfjsNodeFolder(): string | Lacking {
  const folder = process.env.CNNZOO_TFJS_NODE;
  if (!folder) return new Lacking('name a folder where @tensorflow/tfjs-node is installed: CNNZOO_TFJS_NODE=…');
  if (existsSync(join(folder, 'node_modules/@tensorflow/tfjs-node'))) return folder;
  return new Lacking(`there is no @tensorflow/tfjs-node in '${folder}' (CNNZOO_TFJS_NODE)`);
}

/** Environment of tfjs-node: no log, and no oneDNN (which dies of SIGFPE on some virtual machines) unless it is set. */
export const TFJS_NODE_ENV = {
  TF_ENABLE_ONEDNN_OPTS: process.env.TF_ENABLE_ONEDNN_OPTS ?? '0',
  TF_CPP_MIN_LOG_LEVEL: '2',
} as const;

/** Returns another version of Node, which the npm package `node` installs. */
export async function nodeProgram(major: number): Promise<string | Lacking> {
  const args = ['--yes', `node@${major}`, '-p', 'process.execPath'];
  try {
    return (await run({ program: 'npx', args })).trim();
  } catch (error) {
    return new Lacking(`'npx ${args.join(' ')}' failed: ${String(error).trim().split('\n').at(-1)}`);
  }
}

/** Returns the name and version of this machine's Chromium. */
export async function chromiumVersion(): Promise<string | Lacking> {
  const program = findChromium();
  if (!program) return new Lacking('Chromium: none was found on this machine');
  if (process.platform !== 'linux')
    return new Lacking("Chromium: its processes' memory is read from /proc, which only Linux has");
  try {
    const text = await run({ program, args: ['--version'] });
    return /^.*?\d[\d.]*/.exec(text)?.[0] ?? text.trim();
  } catch (error) {
    return new Lacking(`Chromium: '${program} --version' failed: ${String(error).trim().split('\n').at(-1)}`);
  }
}
