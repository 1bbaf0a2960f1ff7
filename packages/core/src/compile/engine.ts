import { importInstalled } from '#platform';
import { hasHead, modelOf, noteOf } from '../graph/index.js';
import { featuresOf } from '../graph/late.js';
import { CnnzooError, checkWhole, shownValue } from '../util/index.js';
import type { Classifier } from '../zoo/index.js';
import { EngineModel } from './engine-model.js';
import type { WeightsVersion } from './weights-version.js';

const PACKAGE = '@cnnzoo/deploy';

/** Members of `@cnnzoo/deploy` that are used here. */
interface Deploy {
  createSession(
    net: Classifier,
    options: { readonly engine: 'kernels'; readonly threads?: number | undefined },
  ): Promise<EngineSession>;
}

/** Session of `@cnnzoo/deploy`. */
interface EngineSession {
  readonly engine: string;
  /** Computes the net's outputs and, if it knows its head and has one, its features last. */
  outputs(batch: Float32Array, shape: readonly number[]): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

async function installed(): Promise<object> {
  let found: object | undefined;
  try {
    found = await importInstalled(PACKAGE);
  } catch (cause) {
    throw new CnnzooError(
      'BACKEND',
      `compile: '${PACKAGE}' is installed and can't be loaded: ${(cause as Error).message}`,
      {
        cause,
      },
    );
  }
  if (found) return found;
  throw new CnnzooError(
    'BACKEND',
    `compile: the engine 'kernels' is in the package '${PACKAGE}', which is not installed here. Run 'pnpm add ${PACKAGE}', or in a ` +
      'page import it and give it as the option runtime.',
  );
}

/** @throws CnnzooError BACKEND if the package is not there; INPUT if another module was given. */
async function deployOf(runtime: object | undefined): Promise<Deploy> {
  const deploy = (runtime ?? (await installed())) as Partial<Deploy>;
  if (typeof deploy?.createSession === 'function') return deploy as Deploy;
  throw new CnnzooError(
    'INPUT',
    `compile: expected runtime to be the module '${PACKAGE}', with createSession, received ${shownValue(runtime)}.`,
  );
}

const staleError = (net: string): CnnzooError =>
  new CnnzooError(
    'INPUT',
    `The weights of '${net}' have changed since it was compiled for the engine 'kernels', which holds those of before. ` +
      'Dispose of the compiled net, and compile it again.',
  );

/**
 * Makes the net that the kernels compute.
 *
 * @param version of the net's weights, which are compiled.
 * @throws CnnzooError as `compile` does.
 */
export async function compileForKernels(
  net: Classifier,
  version: WeightsVersion,
  { threads, runtime }: { readonly threads?: number | undefined; readonly runtime?: object | undefined },
): Promise<EngineModel> {
  const source = modelOf(net);
  const { name } = source;
  if (threads !== undefined) checkWhole('threads', threads, 1);
  const { createSession } = await deployOf(runtime);
  const requireCurrent = (): void => {
    if (!version.isCurrent) throw staleError(name);
  };
  // The session reads the weights before its first await, so that they are those of `version`.
  requireCurrent();
  const session = await createSession(net, { engine: 'kernels', threads });
  try {
    if (typeof session.outputs !== 'function')
      throw new CnnzooError(
        'BACKEND',
        `compile: '${PACKAGE}' is older than '@cnnzoo/core'. Update it: 'pnpm add ${PACKAGE}@latest'.`,
      );
    const model = new EngineModel({
      net: name,
      layer: source.outputs[0]!.sourceLayer.name,
      input: source.inputs[0]!.shape,
      outputs: source.outputs.map(({ shape }) => shape),
      features: noteOf(source) && hasHead(source) ? featuresOf(source).outputs[0]!.shape : undefined,
      engine: {
        name: session.engine,
        async run(batch, shape) {
          requireCurrent();
          return session.outputs(batch, shape);
        },
        // Its threads end with the calls in progress, for which nobody waits.
        dispose: () => void session.dispose(),
      },
    });
    model.setUserDefinedMetadata({ ...source.getUserDefinedMetadata() });
    return model;
  } catch (error) {
    await session.dispose();
    throw error;
  }
}
