import { engine, findBackendFactory, type KernelBackend, ready, setBackend } from '@tensorflow/tfjs-core';
import type { BackendCandidate, WasmPaths } from '../platform/index.js';
import { accelerateBackend } from './accelerate.js';
import { guardOf, isLost } from './gpu.js';
import { switchTo } from './move.js';
import { probe } from './probe.js';

/** Candidate that was started last. tfjs calls both tfjs-node and tfjs-node-gpu 'tensorflow'. */
let started: BackendCandidate | undefined;

/** Backends that have computed a small convolution. */
const proven = new WeakSet<KernelBackend>();

/**
 * Keeps the current backend: waits for it and returns its name. undefined if none is set, or if its GPU is lost.
 */
export async function keep(): Promise<string | undefined> {
  const { backendName, registry } = engine();
  if (!backendName) return;
  await ready();
  if (registry[backendName] && isLost(registry[backendName])) return;
  await accelerateBackend();
  return started?.backend === backendName ? started.name : backendName;
}

/**
 * Starts a candidate, anew if its GPU is lost, and makes it the current backend. If that fails, the previous backend
 * stays.
 */
export async function start(candidate: BackendCandidate, wasmPaths: WasmPaths | undefined): Promise<string> {
  const { name, backend } = candidate;
  const tfjs = engine();
  const before = tfjs.backendName;
  if (started && started !== candidate && started.backend === backend) {
    const { MissingBackend } = await import('../platform/late.js');
    throw new MissingBackend(
      `this process computes with '${started.name}' already, and tfjs knows but one of the two.`,
      'Choose it in another process, before any other backend.',
    );
  }
  try {
    // The user may have set the backend without waiting for it.
    if (before === backend) await ready();
    const instance = await instanceOf(candidate, wasmPaths);
    if (candidate.isProbed && !proven.has(instance)) {
      await probe(backend);
      proven.add(instance);
    }
    await switchTo(backend);
    candidate.settle?.(instance);
  } catch (error) {
    // tfjs-node sets itself on import, and the probe of a first backend sets that.
    if (tfjs.backendName !== before) {
      if (before) await setBackend(before);
      else tfjs.backendName = before;
    }
    throw error;
  }
  await accelerateBackend();
  started = candidate;
  return name;
}

/** Returns the candidate's running backend, or starts one. The current backend goes on meanwhile. */
async function instanceOf(candidate: BackendCandidate, wasmPaths: WasmPaths | undefined): Promise<KernelBackend> {
  const { backend } = candidate;
  const { registry, registryFactory } = engine();
  const running = registry[backend];
  if (running && !isLost(running)) return running;
  if (!findBackendFactory(backend) || (wasmPaths && !running)) await candidate.load(wasmPaths);
  await candidate.check?.();
  // tfjs-node starts on import.
  if (registry[backend] && registry[backend] !== running) return registry[backend];
  if (running) guardOf(running)?.discard();
  // tfjs' own start would print what fails, and leave tfjs without a backend until it has ended.
  const instance = await registryFactory[backend]!.factory();
  registry[backend] = instance;
  guardOf(instance);
  return instance;
}
