import { nodeScript } from '../harness/process.js';
import { type Peer, type Suite, timeRatio } from '../harness/suite.js';

const WAYS = {
  core: "core's",
  split: 'a convolution for each group',
  dense: 'one convolution with zeros between the groups',
  patches: 'a batched product of patches',
} as const;

/** Compares ways to compute a grouped convolution with tfjs' kernels. See README.md. */
export async function groupsSuite(): Promise<Suite> {
  const peers: Peer[] = [];
  for (const [way, name] of Object.entries(WAYS))
    peers.push({ name, command: await nodeScript('groups/grouped.ts', [way]) });
  return {
    title: 'Grouped convolutions',
    notes: ['The 16 grouped convolutions of ResNeXt-50 32x4d, one image of 224 px, the middle of five runs.'],
    peers,
    ratios: [WAYS.split, WAYS.dense, WAYS.patches].map((name) => timeRatio(WAYS.core, name)),
    skipped: [],
    close: async () => {},
  };
}
