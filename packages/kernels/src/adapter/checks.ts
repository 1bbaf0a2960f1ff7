import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';
import type { PaddingPairs, Pair } from '../contract.js';
import { KernelError } from '../errors.js';
import type { KernelCall } from './registry.js';

/** Builds the error for a call that does not fit its kernel. */
export const misfit = ({ name }: Pick<KernelCall, 'name'>, expected: string, received: string): KernelError =>
  new KernelError(`${name} expects ${expected}, not ${received}.`);

export const described = ({ dtype, shape }: TensorInfo): string => `${dtype} [${shape}]`;

/**
 * Returns an input, or undefined if the call has none of that name.
 *
 * @throws {KernelError} if the tensor was disposed of.
 */
export function optionalInput<Input extends string>(
  call: KernelCall<Input>,
  name: NoInfer<Input>,
): TensorInfo | undefined {
  const tensor: (TensorInfo & { readonly isDisposed?: boolean }) | null | undefined = call.inputs[name];
  if (tensor?.isDisposed) throw misfit(call, `${name} to be a tensor that is in use`, 'one that was disposed of');
  return tensor ?? undefined;
}

/**
 * Returns an input.
 *
 * @throws {KernelError} if it is missing, or was disposed of.
 */
export function input<Input extends string>(call: KernelCall<Input>, name: NoInfer<Input>): TensorInfo {
  const tensor = optionalInput(call, name);
  if (tensor) return tensor;
  const given = Object.entries(call.inputs).flatMap(([key, tensor]) => (tensor ? [key] : []));
  throw misfit(call, `an input ${name}`, given.length > 0 ? `${given.join(', ')} alone` : 'no input at all');
}

/**
 * Returns an input of one of the dtypes that a kernel computes. Default: float32 alone.
 *
 * @throws {KernelError} if it has another dtype, is missing, or was disposed of.
 */
export function numbers<Input extends string>(
  call: KernelCall<Input>,
  name: NoInfer<Input>,
  dtypes: readonly DataType[] = ['float32'],
): TensorInfo {
  const tensor = input(call, name);
  if (dtypes.includes(tensor.dtype)) return tensor;
  throw misfit(call, `${name} of dtype ${dtypes.join(' or ')}`, described(tensor));
}

/** Returns a float32 input, or undefined if the call leaves it out. */
export const optionalNumbers = <Input extends string>(
  call: KernelCall<Input>,
  name: NoInfer<Input>,
): TensorInfo | undefined => optionalInput(call, name) && numbers(call, name);

/** Throws unless a tensor has the axes that are listed in `axes`, such as 'n, h, w, c'. */
export function checkRank(call: KernelCall, name: string, { shape }: TensorInfo, axes: string): void {
  if (shape.length !== axes.split(', ').length) throw misfit(call, `${name} of shape [${axes}]`, `[${shape}]`);
}

/** Throws unless a tensor has the expected shape. `phrase` precedes that shape in the message. */
export function checkShape(
  call: KernelCall,
  name: string,
  { shape }: TensorInfo,
  expected: readonly number[],
  phrase = ' of shape',
): void {
  if (shape.join() !== expected.join()) throw misfit(call, `${name}${phrase} [${expected}]`, `[${shape}]`);
}

const isWhole = (value: unknown, least: number): value is number =>
  Number.isInteger(value) && (value as number) >= least;

/** Returns an attribute that is a whole number of at least `least`. */
export function wholeNumber<Attribute extends string>(
  call: KernelCall<string, Attribute>,
  name: NoInfer<Attribute>,
  least: number,
): number {
  const value: unknown = call.attrs[name];
  if (isWhole(value, least)) return value;
  throw misfit(call, `${name} to be a whole number of at least ${least}`, `${JSON.stringify(value)}`);
}

/** Returns an attribute that is a finite number. */
export function finite<Attribute extends string>(
  call: KernelCall<string, Attribute>,
  name: NoInfer<Attribute>,
): number {
  const value: unknown = call.attrs[name];
  if (Number.isFinite(value)) return value as number;
  throw misfit(call, `${name} to be a finite number`, String(value));
}

/** Returns an attribute that is true or false. */
export function flag<Attribute extends string>(call: KernelCall<string, Attribute>, name: NoInfer<Attribute>): boolean {
  const value: unknown = call.attrs[name];
  if (typeof value === 'boolean') return value;
  throw misfit(call, `${name} to be true or false`, `${JSON.stringify(value)}`);
}

/** Returns an attribute that is a shape with the axes listed in `axes`, such as 'n, h, w, c'. */
export function shapeAttribute<Attribute extends string>(
  call: KernelCall<string, Attribute>,
  name: NoInfer<Attribute>,
  axes: string,
): readonly number[] {
  const value: unknown = call.attrs[name];
  if (Array.isArray(value) && value.length === axes.split(', ').length && value.every((extent) => isWhole(extent, 0)))
    return value;
  throw misfit(call, `${name} to be a shape [${axes}]`, `${JSON.stringify(value)}`);
}

const isPair = (value: unknown, least: number): value is Pair =>
  Array.isArray(value) && value.length === 2 && value.every((extent) => isWhole(extent, least));

/** Returns an attribute [height, width] of whole numbers of at least 1. */
export function pair<Attribute extends string>(call: KernelCall<string, Attribute>, name: NoInfer<Attribute>): Pair {
  const value: unknown = call.attrs[name];
  if (isPair(value, 1)) return value;
  throw misfit(call, `${name} to be [height, width] of whole numbers of at least 1`, `${JSON.stringify(value)}`);
}

/** Returns a tfjs attribute as [height, width]. tfjs also accepts one number for both. */
export function pairOrNumber<Attribute extends string>(
  call: KernelCall<string, Attribute>,
  name: NoInfer<Attribute>,
  absent?: number,
): Pair {
  const value: unknown = call.attrs[name] ?? absent;
  if (isWhole(value, 1)) return [value, value];
  if (isPair(value, 1)) return value;
  throw misfit(call, `${name} to be one or two whole numbers of at least 1`, `${JSON.stringify(value)}`);
}

/** Returns the attribute `padding`, [[top, bottom], [left, right]]. */
export function paddingPairs(call: KernelCall<string, 'padding'>): PaddingPairs {
  const value: unknown = call.attrs.padding;
  if (Array.isArray(value) && value.length === 2 && value.every((each) => isPair(each, 0)))
    return value as unknown as PaddingPairs;
  throw misfit(
    call,
    'padding to be [[top, bottom], [left, right]] of whole numbers of at least 0',
    `${JSON.stringify(value)}`,
  );
}

/** Throws unless the attribute `pad` is a padding that tfjs' convolutions and poolings accept. */
export function checkPad(call: KernelCall<string, 'pad'>): void {
  const value: unknown = call.attrs.pad;
  if (value === 'same' || value === 'valid' || isWhole(value, 0)) return;
  if (Array.isArray(value) && value.length === 4 && value.every((each) => isPair(each, 0))) return;
  throw misfit(
    call,
    "pad to be 'same', 'valid', a whole number of at least 0 or four pairs of them",
    `${JSON.stringify(value)}`,
  );
}
