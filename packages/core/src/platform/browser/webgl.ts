import { env } from '@tensorflow/tfjs-core';
import { MissingBackend } from '../contract.js';

/**
 * Asks for a WebGL context as tfjs does, which would print a line if there is none.
 *
 * @param otherwise End of the advice: another backend.
 * @throws MissingBackend.
 */
export function requireWebgl(otherwise: string): void {
  if (webgl('webgl2') ?? webgl('webgl')) return;
  throw new MissingBackend(
    'this browser gives the page no WebGL.',
    "Turn hardware acceleration on in its settings (chrome://gpu says what is off), or update the GPU's driver, " +
      `${otherwise}.`,
  );
}

function webgl(version: 'webgl' | 'webgl2'): unknown {
  const canvas =
    version === 'webgl2' && globalThis.OffscreenCanvas ? new OffscreenCanvas(1, 1) : page()?.createElement('canvas');
  const context = canvas?.getContext(version, {
    failIfMajorPerformanceCaveat: !env().getBool('SOFTWARE_WEBGL_ENABLED'),
  }) as WebGLRenderingContext | null | undefined;
  // A browser has few contexts.
  context?.getExtension('WEBGL_lose_context')?.loseContext();
  return context;
}

const page = (): Document | undefined => (globalThis as { document?: Document }).document;
