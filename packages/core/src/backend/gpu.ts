import { type DataId, engine, type KernelBackend } from '@tensorflow/tfjs-core';
import { CnnzooError } from '../util/index.js';

/** Values of a tensor's data, as tfjs' backends read them. */
export type Values = Awaited<ReturnType<KernelBackend['read']>>;

/** Data of a tensor: in `values` if they are in main memory. */
interface TensorData {
  readonly values?: Values | null;
}

interface DataStore {
  get(id: DataId): TensorData;
  set(id: DataId, data: TensorData): void;
  has(id: DataId): boolean;
  delete(id: DataId): boolean;
}

/** Members of a WebGPU device that are used here. */
interface Device extends EventTarget {
  readonly lost: Promise<{ readonly reason?: string; readonly message: string }>;
  destroy(): void;
}

/** Members of tfjs' webgpu backend that are used here. */
interface WebgpuBackend extends KernelBackend {
  readonly device: Device;
  readonly tensorMap: DataStore;
}

/** Members of tfjs' webgl backend that are used here. */
interface WebglBackend extends KernelBackend {
  readonly gpgpu: { readonly gl: WebGLRenderingContext; itemsToPoll: unknown[] };
  readonly texData: DataStore;
  readonly binaryCache: Record<string, unknown>;
  pendingRead: WeakMap<DataId, unknown>;
  readonly pendingDisposal: WeakSet<DataId>;
}

type Method = (...args: unknown[]) => unknown;

/** Methods by which tfjs' kernels compute, or put values on the GPU. */
const WORK = [
  'write',
  'uploadToGPU',
  'runWebGPUProgram',
  'runWebGLProgram',
  'readToGPU',
  'createTensorFromGPUData',
  'createTensorFromTexture',
];

/** Wait for the reason of a loss after a read has failed, in milliseconds. */
const REASON_MS = 100;

/** Names of the errors of reads from a device that is lost. */
const LOST = ['AbortError', 'OperationError'];

/**
 * Guard of one GPU backend of tfjs, which neither notices a lost GPU nor an error of one: kernels go on without a
 * word, reads never end or give zeros, and so do the nets whose weights were there. The guard replaces methods of the
 * backend. With a lost GPU, each of them throws a CnnzooError.
 */
export class GpuGuard {
  /** Data that the backend holds. */
  readonly held = new Set<DataId>();
  /** End of a change of backends. Reads of others wait for it, so that no step begins meanwhile. */
  private change: Promise<void> = Promise.resolve();
  private fault: string | undefined;
  /** Functions that reject the pending reads. */
  private readonly pending = new Set<(error: Error) => void>();
  private readonly store: DataStore;
  private readonly gl: WebGLRenderingContext | undefined;
  private readonly device: Device | undefined;
  private readonly readValues: (id: DataId) => Promise<Values>;

  constructor(
    private readonly name: string,
    private readonly backend: WebgpuBackend | WebglBackend,
  ) {
    this.readValues = backend.read.bind(backend);
    if ('device' in backend) {
      this.device = backend.device;
      this.store = backend.tensorMap;
      void backend.device.lost.then(({ reason, message }) => this.lose(message || reason || 'no reason is given'));
      // After an error that nobody captures, kernels compute from buffers of zeros.
      backend.device.addEventListener('uncapturederror', (event) =>
        this.lose((event as Event & { error: { message: string } }).error.message),
      );
    } else {
      this.gl = backend.gpgpu.gl;
      this.store = backend.texData;
      this.gl.canvas.addEventListener('webglcontextlost', () => this.lose('the browser has lost the WebGL context'));
    }
    // Variables that were made before the guard. Of other tensors tfjs keeps no list.
    for (const { dataId } of Object.values(engine().state.registeredVariables))
      if (engine().state.tensorInfo.get(dataId)?.backend === backend) this.held.add(dataId);
    this.guardStore();
    this.guardReads();
    this.guardWork();
  }

  /** true if the GPU is lost, or has failed, so that the backend can't be used any more. */
  get isLost(): boolean {
    // The context is lost before its event arrives, and may be restored, empty, after.
    if (this.fault === undefined && this.gl?.isContextLost()) this.lose('the browser has lost the WebGL context');
    return this.fault !== undefined;
  }

  /** Reads data. Other than a read by tfjs, it does not wait for the end of a change of backends. */
  async read(id: DataId): Promise<Values> {
    if (this.isLost) throw this.error();
    return new Promise((resolve, reject) => {
      this.pending.add(reject);
      this.readValues(id)
        .then(
          (values) => (this.isLost ? reject(this.error()) : resolve(values)),
          async (cause) => reject(await this.errorAfter(cause)),
        )
        .finally(() => this.pending.delete(reject));
    });
  }

  /** Makes all reads by tfjs that end from now on wait until `change` has ended. */
  holdReads(change: Promise<void>): void {
    this.change = change.catch(() => undefined);
  }

  /** Frees what the lost backend still takes, so that a new one can start. */
  discard(): void {
    this.device?.destroy();
    // All backends on WebGL share this cache, whose programs are of the lost context.
    if ('binaryCache' in this.backend)
      for (const key of Object.keys(this.backend.binaryCache)) delete this.backend.binaryCache[key];
  }

  private error(cause?: unknown): CnnzooError {
    return new CnnzooError(
      'BACKEND',
      `The GPU of the backend '${this.name}' was lost or has failed: ${this.fault}. All that it held is gone, weights ` +
        `too. Write \`await useBackend('${this.name}')\` to start it anew, or name another backend; then ` +
        'build or load the nets again. A training goes on from its training checkpoint.',
      { cause },
    );
  }

  /** Returns the error for a read that has failed. A read fails before the news of the loss arrives. */
  private async errorAfter(cause: unknown): Promise<unknown> {
    if (!this.isLost && LOST.includes((cause as Error).name)) {
      await new Promise((resolve) => setTimeout(resolve, REASON_MS));
      this.lose('a read from the device was aborted');
    }
    return this.isLost ? this.error(cause) : cause;
  }

  private lose(fault: string): void {
    if (this.fault !== undefined) return;
    // The first line says what is wrong; the others say where in the API.
    this.fault = fault.trim().replace(/\.?\n[\s\S]*|\.$/, '');
    if ('gpgpu' in this.backend) {
      // tfjs would ask for ever whether the reads of the lost context are done, and would keep their tensors till then.
      this.backend.gpgpu.itemsToPoll = [];
      this.backend.pendingRead = new WeakMap();
      for (const id of this.held)
        if (this.backend.pendingDisposal.has(id) && this.backend.disposeData(id))
          engine().removeDataId(id, this.backend);
    }
    for (const reject of this.pending) reject(this.error());
  }

  /** Notes which data the backend holds, and lets a lost one take none from another backend. */
  private guardStore(): void {
    const { store } = this;
    const [get, set, remove] = [store.get.bind(store), store.set.bind(store), store.delete.bind(store)];
    store.get = (id) => {
      if (this.isLost && !store.has(id)) throw this.error();
      return get(id);
    };
    store.set = (id, data) => {
      this.held.add(id);
      set(id, data);
    };
    store.delete = (id) => {
      this.held.delete(id);
      return remove(id);
    };
  }

  private guardReads(): void {
    const { backend } = this;
    backend.read = async (id) => {
      const values = await this.read(id);
      // The reads of tensors alone wait: tfjs' reads call each other for data that belong to none.
      if (engine().state.tensorInfo.has(id)) await this.change;
      return values;
    };
    const readSync = backend.readSync.bind(backend);
    backend.readSync = (id) => {
      if (this.isLost) throw this.error();
      // In a page, tfjs draws the values on a canvas: of many values, zeros come back. Node has no canvas.
      if (this.device && this.store.get(id).values == null)
        throw new CnnzooError(
          'BACKEND',
          `A tensor on the GPU can't be read synchronously with the backend '${this.name}'. Read it with ` +
            '`await tensor.data()`, and change backends with `await useBackend(name)`.',
        );
      return readSync(id);
    };
  }

  private guardWork(): void {
    const methods = this.backend as unknown as Record<string, Method | undefined>;
    for (const name of WORK) {
      const work = methods[name]?.bind(this.backend);
      if (!work) continue;
      methods[name] = (...args) => {
        if (this.fault !== undefined) throw this.error();
        try {
          return work(...args);
        } catch (error) {
          throw this.isLost ? this.error(error) : (tooLarge(error) ?? error);
        }
      };
    }
  }
}

/** Returns the error for a tensor beyond the largest texture. undefined for another fault. */
function tooLarge(cause: unknown): CnnzooError | undefined {
  if (!(cause instanceof Error && /^Requested texture size .* greater than/.test(cause.message))) return;
  return new CnnzooError(
    'BACKEND',
    `A tensor is too large for the backend 'webgl' on this GPU: ${cause.message} Take smaller batches or images, or ` +
      "write `await useBackend('wasm')`.",
    { cause },
  );
}

const guards = new WeakMap<KernelBackend, GpuGuard>();

/** Returns the guard of a backend. undefined for one that computes on no GPU by tfjs' kernels. */
export function guardOf(backend: KernelBackend): GpuGuard | undefined {
  const name = 'device' in backend ? 'webgpu' : 'gpgpu' in backend ? 'webgl' : undefined;
  if (name === undefined) return undefined;
  const guard = guards.get(backend) ?? new GpuGuard(name, backend as WebgpuBackend | WebglBackend);
  guards.set(backend, guard);
  return guard;
}

/** Returns true if the backend's GPU is lost, so that the backend can't be used any more. */
export const isLost = (backend: KernelBackend): boolean => guardOf(backend)?.isLost ?? false;
