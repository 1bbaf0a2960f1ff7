import { join } from 'node:path';
import { MIRROR_INDEX, type MirrorFile, type MirrorIndex, mirrorPath } from '@cnnzoo/core';
import { downloadWeights, writeFileAtomic } from '@cnnzoo/core/internal';
import type { Member } from './families.js';
import { type Ported, portFile } from './port-file.js';

export interface MirrorEvents {
  done(member: Member, weights: string, ported: Ported): void;
  failed(member: Member, weights: string, error: unknown): void;
}

/**
 * Ports every set of weights into a directory that `CNNZOO_MIRROR` can serve. Weights that are unavailable are reported
 * and left out. The index is written last, so that it lists only complete files. Resolves to the number of failures.
 */
export async function makeMirror(directory: string, all: readonly Member[], events: MirrorEvents): Promise<number> {
  const files: Record<string, MirrorFile> = {};
  let failures = 0;
  for (const member of all) {
    const { weights: table } = member.definition;
    for (const entry of new Set(Object.values(table))) {
      try {
        const file = await (await downloadWeights(member.name, { entry })).read();
        try {
          const path = mirrorPath(member.name, entry.name);
          const ported = await portFile(file, member.definition, entry.name, join(directory, path));
          files[path] = { sha256: ported.sha256, bytes: ported.bytes, model: member.name, weights: entry.name };
          events.done(member, entry.name, ported);
        } finally {
          await file.close();
        }
      } catch (error) {
        failures += 1;
        events.failed(member, entry.name, error);
      }
    }
  }
  const index: MirrorIndex = { format: 1, files };
  await writeFileAtomic(join(directory, MIRROR_INDEX), [
    new TextEncoder().encode(`${JSON.stringify(index, null, 2)}\n`),
  ]);
  return failures;
}
