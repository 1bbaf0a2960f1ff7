import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Random } from '../../../src/index.js';

const SLOW = process.env.CNNZOO_SLOW === '1';
const KILLS = SLOW ? 30 : 4;
const EPOCHS = SLOW ? 32 : 5;
/** How long a process lives once it takes steps, at most, in ms. */
const LIFE = 250;

const child = fileURLToPath(new URL('killed-child.ts', import.meta.url));

/** Trains in a process, which is killed so many ms after its first step; what it printed where it got to the end. */
function life(folder: string, ms: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const running = spawn(process.execPath, ['--import', 'tsx', child, folder, `${EPOCHS}`], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    running.stdout.on('data', (chunk) => {
      if (out === '' && Number.isFinite(ms)) setTimeout(() => running.kill('SIGKILL'), ms);
      out += chunk;
    });
    running.stderr.on('data', (chunk) => {
      err += chunk;
    });
    running.on('close', (code, signal) => {
      if (code === 0) resolve(out.slice(out.indexOf('\n') + 1));
      else if (signal === 'SIGKILL') resolve(undefined);
      else reject(new Error(err));
    });
  });
}

it(`killed ${KILLS} times, a training ends as one that never was`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cnnzoo-killed-'));
  try {
    const whole = await life(join(folder, 'whole'), Number.POSITIVE_INFINITY);
    const random = new Random(Date.now());
    let kills = 0;
    for (; kills < KILLS; kills++)
      if ((await life(join(folder, 'killed'), LIFE * random.uniform())) !== undefined) break;
    expect(kills).toBe(KILLS);
    expect(await life(join(folder, 'killed'), Number.POSITIVE_INFINITY)).toBe(whole);
    // A life that ends before its first checkpoint leaves nothing to go on from: the next one begins anew, and says so.
    const log = async (name: string) => {
      const text = await readFile(join(folder, name, 'log.jsonl'), 'utf8');
      return text.slice(text.lastIndexOf('{"event":"start"')).replace(/"imagesPerSecond":[^,]*,/g, '');
    };
    expect(await log('killed')).toBe(await log('whole'));
    // The last three, and nothing half-written.
    expect(await readdir(join(folder, 'killed/run'))).toEqual(await readdir(join(folder, 'whole/run')));
  } finally {
    await rm(folder, { recursive: true });
  }
});
