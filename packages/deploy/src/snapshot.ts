import { WeightsSnapshot } from '@cnnzoo/core/internal';
import {
  blockReader,
  graphOf,
  type InferenceGraph,
  isQuantized,
  type NetOrQuantized,
  netModelOf,
  type WeightSource,
} from './graph/index.js';

/** Returns the weights of a snapshot for a graph. The snapshot must live as long as they are read. */
export const sourceOf = (snapshot: WeightsSnapshot): WeightSource => ({
  read: (variable) => snapshot.read(variable),
  readBlock: blockReader((variable) => snapshot.clone(variable)),
});

/** Does something with a net's graph and its weights as they are now, whatever becomes of the net meanwhile. */
export async function withSnapshot<T>(net: NetOrQuantized, use: (graph: InferenceGraph) => Promise<T>): Promise<T> {
  if (isQuantized(net)) return use(net);
  const snapshot = new WeightsSnapshot(netModelOf(net));
  try {
    return await use(graphOf(net, sourceOf(snapshot)));
  } finally {
    snapshot.dispose();
  }
}
