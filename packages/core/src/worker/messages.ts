import type { OutputActivation } from '../graph/index.js';
import type { Preprocessing } from '../images/index.js';
import { CnnzooError, type ErrorCode } from '../util/index.js';

/** Mark of our messages: a worker and its page may have others. */
const MARK = 'cnnzoo/worker';

/** Image in a form that can be sent: a path or URL, encoded bytes, or pixels. */
export type SentImage =
  | string
  | Uint8Array
  | Blob
  | ImageBitmap
  | VideoFrame
  | Pick<ImageData, 'data' | 'width' | 'height'>;

/** Methods of a classifier that a worker answers. */
export type Method = 'classify' | 'embed' | 'activations';

/** Call of a method. A single image is sent as itself, so that messages name it as they do without a worker. */
export interface Call {
  readonly method: Method;
  readonly images: SentImage | readonly SentImage[];
  /** Options of the method, without the signal. */
  readonly options: object;
  /** Names of layers, for `activations`. */
  readonly names?: readonly string[];
}

/** Facts about a served classifier. */
export interface Facts {
  readonly preprocessing: Preprocessing;
  readonly categories: readonly string[] | null;
  readonly weights: string | undefined;
  readonly activation: OutputActivation;
  /** Lock that the worker keeps until it ends. */
  readonly lock: string | undefined;
}

/** Values of a tensor, copied out of its backend. */
export interface SentTensor {
  readonly shape: number[];
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** Error in a form that can be sent. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  /** Code of a CnnzooError. */
  readonly code?: ErrorCode;
  readonly stack?: string | undefined;
  readonly cause?: Failure;
}

/** Messages to the worker. */
export type Request =
  | { readonly kind: 'hello' }
  | { readonly kind: 'call'; readonly id: number; readonly call: Call }
  | { readonly kind: 'abort'; readonly id: number };

/** Messages of the worker. */
export type Reply =
  | { readonly kind: 'serving' }
  | { readonly kind: 'progress'; readonly loaded: number; readonly total: number | null }
  | { readonly kind: 'ready'; readonly facts: Facts }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  | { readonly kind: 'unreadable' };

/** Marks a message as ours. */
export const marked = <Message extends Request | Reply>(message: Message) => ({ ...message, mark: MARK });

/** Returns a message if it is one of ours. */
export const ours = <Message extends Request | Reply>(message: unknown): Message | undefined =>
  (message as { mark?: unknown } | null | undefined)?.mark === MARK ? (message as Message) : undefined;

/** Causes of causes that are sent; a circle of them would have no end. */
const MOST_CAUSES = 4;

/** Describes a thrown value. */
export function failureOf(error: unknown, depth = 0): Failure {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    // Programs may put values there that can't be sent.
    name: String(name),
    message: String(message),
    stack: stack === undefined ? undefined : String(stack),
    ...(error instanceof CnnzooError && { code: error.code }),
    ...(cause !== undefined && depth < MOST_CAUSES && { cause: failureOf(cause, depth + 1) }),
  };
}

/** Makes the error that `failureOf` described. Its stack is that of the worker. */
export function errorOf({ name, message, code, stack, cause }: Failure): Error {
  const options = cause && { cause: errorOf(cause) };
  const error = code ? new CnnzooError(code, message, options) : Object.assign(new Error(message, options), { name });
  if (stack !== undefined) error.stack = stack;
  return error;
}
