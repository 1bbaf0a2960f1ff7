/** Size of a batch of images: [images, height, width, channels]. */
export type BatchShape = readonly [images: number, height: number, width: number, channels: number];

/** Program that computes a net. */
export interface Engine {
  readonly name: EngineName;
  /** Computes the outputs of a batch, each row-major, the images first. */
  run(batch: Float32Array, shape: BatchShape): Promise<readonly Float32Array[]>;
  dispose(): Promise<void>;
}

/** 'kernels': this project's own WebAssembly; 'tfjs': the net itself, compiled, on the backend in use. */
export type EngineName = 'kernels' | 'onnxruntime-node' | 'onnxruntime-web' | 'tfjs';

/** Type in which a session computes. */
export type SessionDtype = 'float32' | 'float16' | 'int8';
