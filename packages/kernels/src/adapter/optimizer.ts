import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { AdamWAttributes, SgdAttributes } from '../contract.js';
import { adamW, type Stepped, sgd } from '../ops/index.js';
import { checkShape, finite, flag, misfit, numbers, optionalInput, wholeNumber } from './checks.js';
import type { KernelCall, KernelFamily } from './registry.js';

/**
 * Returns the inputs of a step, all of the parameter's shape.
 *
 * @param names inputs that the step changes. They must not share data: two results would be written to one place.
 */
function inputsOf<Input extends string>(
  call: KernelCall<Input | 'param' | 'grad'>,
  names: readonly NoInfer<Input>[],
): TensorInfo[] {
  const param = numbers(call, 'param');
  const changed = ['param' as const, ...names].map((name) => numbers(call, name));
  const all = { grad: numbers(call, 'grad'), ...Object.fromEntries(names.map((name, i) => [name, changed[i + 1]!])) };
  for (const [name, tensor] of Object.entries(all))
    checkShape(call, name, tensor, param.shape, " of the parameter's shape");
  if (new Set(changed.map(({ dataId }) => dataId)).size < changed.length)
    throw misfit(call, `param, ${names.join(', ')} to be tensors of their own`, 'one tensor twice');
  return [all.grad, ...changed];
}

/**
 * Kernels of optimizer steps. An input with no other owner is changed in place and its result shares its data, so
 * assigning the result to the variable copies nothing.
 */
export const optimizer = (({ weights }) => {
  /**
   * Pairs the address to read a tensor from with the address of its next values, and makes the result after the step.
   */
  const stepped = (
    { local: { tensors } }: Pick<KernelCall, 'local'>,
    tensor: TensorInfo,
  ): Stepped & { result(): TensorInfo } => {
    const to = tensors.target(tensor);
    return {
      from: tensors.put(tensor),
      to,
      result() {
        weights.forget(tensor.dataId);
        return tensors.updated(tensor, to);
      },
    };
  };

  return {
    CnnzooSgd(call) {
      const step: SgdAttributes = {
        lr: finite(call, 'lr'),
        momentum: finite(call, 'momentum'),
        nesterov: flag(call, 'nesterov'),
        weightDecay: finite(call, 'weightDecay'),
      };
      const moves = optionalInput(call, 'velocity') !== undefined;
      if (!moves && step.momentum !== 0)
        throw misfit(call, `a velocity where momentum is ${step.momentum} (begin with zeros)`, 'none');
      const [grad, param, velocity] = inputsOf(call, moves ? ['velocity'] : []);
      const parameter = stepped(call, param!);
      const moving = velocity && stepped(call, velocity);
      const { engine, tensors } = call.local;
      const length = util.sizeFromShape(param!.shape);
      sgd(engine, length, { parameter, gradient: tensors.put(grad!), velocity: moving }, step);
      return moving ? [parameter.result(), moving.result()] : [parameter.result()];
    },

    CnnzooAdamW(call) {
      const step: AdamWAttributes = {
        lr: finite(call, 'lr'),
        beta1: finite(call, 'beta1'),
        beta2: finite(call, 'beta2'),
        eps: finite(call, 'eps'),
        weightDecay: finite(call, 'weightDecay'),
        step: wholeNumber(call, 'step', 1),
      };
      const [grad, param, m, v] = inputsOf(call, ['m', 'v']);
      const parameter = stepped(call, param!);
      const moment = stepped(call, m!);
      const square = stepped(call, v!);
      const { engine, tensors } = call.local;
      const length = util.sizeFromShape(param!.shape);
      adamW(engine, length, { parameter, gradient: tensors.put(grad!), moment, square }, step);
      return [parameter.result(), moment.result(), square.result()];
    },
  };
}) satisfies KernelFamily;
