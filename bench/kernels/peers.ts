import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../harness/process.js';

/** Something that could not be had, and why. */
export class Lacking extends Error {}

/** The folder where a native tfjs-node is installed. This workspace never installs it: it downloads a library. */
export function tfjsNodeFolder(): string | Lacking {
  const folder = process.env.CNNZOO_TFJS_NODE;
  if (!folder) return new Lacking('name a folder where @tensorflow/tfjs-node is installed: CNNZOO_TFJS_NODE=…');
  if (existsSync(join(folder, 'node_modules/@tensorflow/tfjs-node'))) return folder;
  return new Lacking(`there is no @tensorflow/tfjs-node in '${folder}' (CNNZOO_TFJS_NODE)`);
}

/**
 * How it is run: without oneDNN, which dies of SIGFPE on some virtual machines, unless the environment says otherwise; and
 * without its log.
 */
export const TFJS_NODE_ENV = {
  TF_ENABLE_ONEDNN_OPTS: process.env.TF_ENABLE_ONEDNN_OPTS ?? '0',
  TF_CPP_MIN_LOG_LEVEL: '2',
} as const;

/** Another version of Node: the npm package `node` brings it. */
export async function nodeProgram(major: number): Promise<string | Lacking> {
  const args = ['--yes', `node@${major}`, '-p', 'process.execPath'];
  try {
    return (await run({ program: 'npx', args })).trim();
  } catch (error) {
    return new Lacking(`'npx ${args.join(' ')}' failed: ${String(error).trim().split('\n').at(-1)}`);
  }
}
