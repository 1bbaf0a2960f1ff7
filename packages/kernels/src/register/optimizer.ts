import { type TensorInfo, util } from '@tensorflow/tfjs-core';
import { KernelError } from '../errors.js';
import { type AdamWStep, adamW, type SgdStep, type Stepped, sgd } from '../ops/optimizer.js';
import { notFloats } from './floats.js';
import type { KernelCall, KernelFamily } from './registry.js';

/** Refuses tensors that are not of the parameter's shape. */
function checkShapes({ inputs }: KernelCall): void {
  const { param } = inputs;
  for (const [name, tensor] of Object.entries(inputs))
    if (tensor && tensor.shape.join() !== param!.shape.join())
      throw new KernelError(
        `An optimizer's step expects ${name} of the parameter's shape [${param!.shape}], not [${tensor.shape}].`,
      );
}

/**
 * Steps of optimizers. What they change is changed in place where nobody else holds it: results share the data of the
 * inputs that they replace, so that a variable is to be assigned its result, and nothing is copied.
 */
export const optimizer: KernelFamily = ({ weights }) => {
  /** Where a tensor is and goes to, and the result once it is there. */
  const stepped = ({ local: { tensors } }: KernelCall, tensor: TensorInfo): Stepped & { result(): TensorInfo } => {
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
    /**
     * torch.optim.SGD. Inputs of one shape: param, grad and, unless `momentum` is 0, velocity. Attributes: `lr`,
     * `momentum`, `nesterov`, `weightDecay`. Results: param and, where one was given, velocity.
     */
    CnnzooSgd(call) {
      const refused = notFloats(call);
      if (refused) return refused;
      checkShapes(call);
      const { param, grad, velocity } = call.inputs as Record<string, TensorInfo>;
      const step = call.attrs as unknown as SgdStep;
      if (!velocity && step.momentum !== 0)
        throw new KernelError(`CnnzooSgd expects a velocity where momentum is ${step.momentum}. Begin with zeros.`);
      const parameter = stepped(call, param!);
      const moving = velocity && stepped(call, velocity);
      const { engine, tensors } = call.local;
      const length = util.sizeFromShape(param!.shape);
      sgd(engine, length, { parameter, gradient: tensors.put(grad!), velocity: moving }, step);
      return moving ? [parameter.result(), moving.result()] : [parameter.result()];
    },

    /**
     * torch.optim.AdamW. Inputs of one shape: param, grad, m, v. Attributes: `lr`, `beta1`, `beta2`, `eps`,
     * `weightDecay`, and `step`, 1 at the first. Results: param, m, v.
     */
    CnnzooAdamW(call) {
      const refused = notFloats(call);
      if (refused) return refused;
      checkShapes(call);
      const { param, grad, m, v } = call.inputs as Record<string, TensorInfo>;
      const parameter = stepped(call, param!);
      const moment = stepped(call, m!);
      const square = stepped(call, v!);
      const { engine, tensors } = call.local;
      const length = util.sizeFromShape(param!.shape);
      const step = call.attrs as unknown as AdamWStep;
      adamW(engine, length, { parameter, gradient: tensors.put(grad!), moment, square }, step);
      return [parameter.result(), moment.result(), square.result()];
    },
  };
};
