import { CnnzooError } from '@cnnzoo/core/internal/page';
import type { InferenceGraph } from '../graph/index.js';
import { isQuantized } from '../graph/quantized.js';
import type { Engine, EngineName } from './engine.js';
import { Session, type SessionFacts } from './session.js';

// Without TensorFlow.js: a page that only classifies starts its session here too.

/** Facts that a graph tells. */
export type GraphSessionFacts = Omit<SessionFacts, 'reason' | 'input' | 'isInteger'>;

/**
 * Returns the facts of a graph for a session.
 *
 * @param where Name of the function, for messages.
 * @throws CnnzooError INPUT for a graph that does not take one batch of images, or does not give logits.
 */
export function factsOf(where: string, { name, inputs, outputs, facts }: InferenceGraph): GraphSessionFacts {
  const [input] = inputs;
  const [output] = outputs;
  if (inputs.length !== 1 || input!.shape.length !== 4 || input!.shape[0] !== null)
    throw new CnnzooError('INPUT', `${where}: '${name}' takes other inputs than one batch of any number of images.`);
  if (output!.shape.length !== 2)
    throw new CnnzooError(
      'INPUT',
      `${where}: '${name}' gives [${output!.shape}], where a session has logits, [images, classes]. Use exportOnnx.`,
    );
  return { model: name, classes: output!.shape[1]!, ...facts, features: undefined };
}

/** Program of a session, and why it was chosen. */
export interface Start {
  readonly engine: EngineName;
  readonly reason: string;
  /** true: the engine computes images of any size, if the graph's layers do. */
  readonly takesAnySize: boolean;
  create(): Promise<Engine>;
}

/**
 * Starts an engine, computes an image of zeros in it, and makes the session.
 *
 * @param where Name of the function, for messages.
 * @param since Time of the call, as by `performance.now()`.
 * @throws CnnzooError BACKEND if the engine does not start.
 */
export async function startSession(
  where: string,
  graph: InferenceGraph,
  facts: GraphSessionFacts,
  { engine, reason, takesAnySize, create }: Start,
  since: number,
): Promise<Session> {
  const program = await started(where, engine, create);
  const loaded = performance.now();
  const [, height, width, channels] = graph.inputs[0]!.shape;
  const [rows, columns] = [height ?? facts.preprocessing?.crop[0], width ?? facts.preprocessing?.crop[1]];
  if (rows && columns)
    await started(where, engine, async () => {
      try {
        await program.run(new Float32Array(rows * columns * channels!), [1, rows, columns, channels!]);
      } catch (error) {
        await program.dispose();
        throw error;
      }
    });
  const isOpen = graph.anySize && takesAnySize;
  const input = [null, ...(isOpen ? [null, null] : [height!, width!]), channels!];
  const times = { load: loaded - since, warmUp: performance.now() - loaded };
  return new Session(program, { ...facts, input, isInteger: isQuantized(graph), reason }, times);
}

/** @throws CnnzooError BACKEND for an error of the engine's own. */
async function started<T>(where: string, engine: EngineName, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CnnzooError) throw cause;
    throw new CnnzooError('BACKEND', `${where}: '${engine}' did not start: ${(cause as Error).message}`, { cause });
  }
}
