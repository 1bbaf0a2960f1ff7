import type { Net } from '@cnnzoo/core';
import { modelOf, WeightsSnapshot } from '@cnnzoo/core/internal';
import { graphOf, type InferenceGraph } from './graph/index.js';

/** Does something with a net's graph and its weights as they are now, whatever becomes of the net meanwhile. */
export async function withSnapshot<T>(net: Net, use: (graph: InferenceGraph) => Promise<T>): Promise<T> {
  const snapshot = new WeightsSnapshot(modelOf(net));
  try {
    return await use(graphOf(net, snapshot));
  } finally {
    snapshot.dispose();
  }
}
