/*
 * Contract of the kernels that @cnnzoo/kernels adds to tfjs: names, inputs, attributes and results. The package registers
 * the kernels and @cnnzoo/core calls them by these types, so a difference between the two does not compile. The file holds
 * only types, so importing it loads nothing. All values are checked at run time as well.
 *
 * Tensors are float32 unless their comment says otherwise. Maps are [n, h, w, c]: n images, h rows, w columns, c channels.
 */
import type { Tensor, Tensor1D, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';

/** Pair of numbers for rows and columns: [height, width]. */
export type Pair = readonly [height: number, width: number];

/** Pixels of padding: [[top, bottom], [left, right]], whole numbers of at least 0. */
export type PaddingPairs = readonly [
  rows: readonly [top: number, bottom: number],
  columns: readonly [left: number, right: number],
];

/** Movement of windows over maps. */
export interface WindowAttributes {
  /** Pixels between neighbouring windows, at least 1. */
  readonly stride: Pair;
  /** Pixels around the map. */
  readonly padding: PaddingPairs;
}

/** Attributes of a convolution; its padding is zeros. h' = floor((h + top + bottom - dilation (kh - 1) - 1) / stride) + 1. */
export interface ConvolutionAttributes extends WindowAttributes {
  /** Pixels between neighbouring taps of the filter, at least 1. */
  readonly dilation: Pair;
  /** Number of groups that the channels are split into, each with its own filters; divides c and o. */
  readonly groups: number;
}

/** Attributes of a pooling. h' = floor((h + top + bottom - kernelSize) / stride) + 1. */
export interface PoolAttributes extends WindowAttributes {
  /** Pixels of a window. */
  readonly kernelSize: Pair;
}

/** Attributes of an average pooling. */
export interface AveragePoolAttributes extends PoolAttributes {
  /** True if the padding counts in the mean, as zeros; false if the mean is over the pixels of the map alone. */
  readonly countIncludePad: boolean;
}

/** Attributes of a batch normalization, y = (x - mean) / sqrt(variance + eps) weight + bias, per channel. */
export interface BatchNormAttributes {
  /** Added to the variance. */
  readonly eps: number;
  /** Function of y + residual. */
  readonly activation: 'linear' | 'relu';
}

/** Attributes of a step of stochastic gradient descent. */
export interface SgdAttributes {
  /** Learning rate. */
  readonly lr: number;
  /** Fraction of the velocity that is kept; 0 without a velocity. */
  readonly momentum: number;
  /** True if the step looks ahead along the velocity. */
  readonly nesterov: boolean;
  /** L2 penalty: this times the parameter is added to its gradient. */
  readonly weightDecay: number;
}

/** Attributes of a step of AdamW. */
export interface AdamWAttributes {
  /** Learning rate. */
  readonly lr: number;
  /** Fraction of the mean gradient that is kept. */
  readonly beta1: number;
  /** Fraction of the mean squared gradient that is kept. */
  readonly beta2: number;
  /** Added to the denominator. */
  readonly eps: number;
  /** Decoupled: the step begins with (1 - lr weightDecay) times the parameter. */
  readonly weightDecay: number;
  /** Number of the step, 1 at the first. */
  readonly step: number;
}

/** Kernels by name. */
export interface KernelContract {
  /** Cross-correlation of x with filter, plus bias, through the activation. */
  CnnzooConv2D: {
    inputs: {
      /** [n, h, w, c] */
      x: Tensor4D;
      /** [kh, kw, c / groups, o] */
      filter: Tensor4D;
      /** [o]. Default: none. */
      bias?: Tensor1D;
    };
    attributes: ConvolutionAttributes & {
      /** Default: 'linear'. */
      readonly activation?: 'linear' | 'relu' | 'relu6';
    };
    /** [n, h', w', o] */
    result: Tensor4D;
  };

  /** Gradient of CnnzooConv2D with respect to x. */
  CnnzooConv2DBackpropInput: {
    inputs: {
      /** Gradient of the result, [n, h', w', o]. */
      dy: Tensor4D;
      /** [kh, kw, c / groups, o] */
      filter: Tensor4D;
    };
    attributes: ConvolutionAttributes & {
      /** Shape of x, [n, h, w, c]. */
      readonly inputShape: readonly number[];
    };
    /** [n, h, w, c] */
    result: Tensor4D;
  };

  /** Gradient of CnnzooConv2D with respect to filter. */
  CnnzooConv2DBackpropFilter: {
    inputs: {
      /** [n, h, w, c] */
      x: Tensor4D;
      /** Gradient of the result, [n, h', w', o]. */
      dy: Tensor4D;
    };
    attributes: ConvolutionAttributes & {
      /** Shape of filter, [kh, kw, c / groups, o]. */
      readonly filterShape: readonly number[];
    };
    /** [kh, kw, c / groups, o] */
    result: Tensor4D;
  };

  /** Largest value of each window; the padding counts as -Infinity, and a NaN is larger than every number. */
  CnnzooMaxPool: {
    inputs: {
      /** [n, h, w, c] */
      x: Tensor4D;
    };
    attributes: PoolAttributes;
    /** [n, h', w', c] */
    result: Tensor4D;
  };

  /** Gradient of CnnzooMaxPool with respect to x: a window's gradient goes to its first largest value. */
  CnnzooMaxPoolGrad: {
    inputs: {
      /** Gradient of the result, [n, h', w', c]. */
      dy: Tensor4D;
      /** [n, h, w, c] */
      x: Tensor4D;
    };
    attributes: PoolAttributes;
    /** [n, h, w, c] */
    result: Tensor4D;
  };

  /** Mean of each window. */
  CnnzooAvgPool: {
    inputs: {
      /** [n, h, w, c] */
      x: Tensor4D;
    };
    attributes: AveragePoolAttributes & {
      /** Shape of x: unused, for the gradient, which gets the same attributes. Default: none. */
      readonly inputShape?: readonly number[];
    };
    /** [n, h', w', c] */
    result: Tensor4D;
  };

  /** Gradient of CnnzooAvgPool with respect to x. */
  CnnzooAvgPoolGrad: {
    inputs: {
      /** Gradient of the result, [n, h', w', c]. */
      dy: Tensor4D;
    };
    attributes: AveragePoolAttributes & {
      /** Shape of x, [n, h, w, c]. */
      readonly inputShape: readonly number[];
    };
    /** [n, h, w, c] */
    result: Tensor4D;
  };

  /** Batch normalization by the statistics of x over all axes but the last. */
  CnnzooBatchNorm: {
    inputs: {
      /** [..., c], at least one value a channel. */
      x: Tensor;
      /** [c] */
      weight: Tensor1D;
      /** [c] */
      bias: Tensor1D;
      /** Added to the normalized x, same shape as x. Default: none. */
      residual?: Tensor;
    };
    attributes: BatchNormAttributes;
    /** y [..., c]; mean and variance [c], the variance biased: the mean of the squared deviations. */
    result: [y: Tensor, mean: Tensor1D, variance: Tensor1D];
  };

  /** Gradients of CnnzooBatchNorm. */
  CnnzooBatchNormGrad: {
    inputs: {
      /** Gradient of y, [..., c]. */
      dy: Tensor;
      /** [..., c] */
      x: Tensor;
      /** Result of CnnzooBatchNorm, [..., c]; its values are read if the activation is 'relu'. */
      y: Tensor;
      /** [c] */
      weight: Tensor1D;
      /** Result of CnnzooBatchNorm, [c]. */
      mean: Tensor1D;
      /** Result of CnnzooBatchNorm, [c]. */
      variance: Tensor1D;
    };
    attributes: BatchNormAttributes & {
      /** True if CnnzooBatchNorm added a residual. Default: false. */
      readonly residual?: boolean;
    };
    /** dx [..., c], dWeight and dBias [c], and with a residual dResidual [..., c]. */
    result:
      | [dx: Tensor, dWeight: Tensor1D, dBias: Tensor1D]
      | [dx: Tensor, dWeight: Tensor1D, dBias: Tensor1D, dResidual: Tensor];
  };

  /** Batch normalization by given statistics. */
  CnnzooBatchNormInference: {
    inputs: {
      /** [..., c] */
      x: Tensor;
      /** [c] */
      mean: Tensor1D;
      /** [c] */
      variance: Tensor1D;
      /** [c] */
      weight: Tensor1D;
      /** [c] */
      bias: Tensor1D;
      /** Added to the normalized x, same shape as x. Default: none. */
      residual?: Tensor;
    };
    attributes: BatchNormAttributes;
    /** [..., c] */
    result: Tensor;
  };

  /** Gradient of a ReLU with respect to its input: dy where y is above 0 or NaN, else 0. */
  CnnzooReluGrad: {
    inputs: {
      /** Gradient of y. */
      dy: Tensor;
      /** Result of the ReLU, same shape as dy. */
      y: Tensor;
    };
    attributes: Record<never, never>;
    /** Same shape as dy. */
    result: Tensor;
  };

  /**
   * Softmax cross-entropy of each row and its gradient: -sum(t log softmax(logits)) with the targets
   * t = (1 - labelSmoothing) labels + labelSmoothing / c.
   */
  CnnzooSoftmaxCrossEntropy: {
    inputs: {
      /** [n, c] */
      logits: Tensor2D;
      /** Classes, int32 [n] from 0 to c - 1, or their probabilities, float32 [n, c]. */
      labels: Tensor1D | Tensor2D;
    };
    attributes: {
      /** Fraction of each target that is spread evenly over the classes, 0 to 1. */
      readonly labelSmoothing: number;
    };
    /** Losses [n]; gradient of each loss with respect to its logits, [n, c]. */
    result: [losses: Tensor1D, gradient: Tensor2D];
  };

  /**
   * A step of torch.optim.SGD without dampening. Data that no other tensor shares is changed in place, and each result
   * shares the data of the input that it replaces, so assign the result to the input's variable.
   */
  CnnzooSgd: {
    inputs: {
      /** Any shape. */
      param: Tensor;
      /** Same shape as param. */
      grad: Tensor;
      /** Same shape as param, zeros before the first step. Default: none, for a momentum of 0. */
      velocity?: Tensor;
    };
    attributes: SgdAttributes;
    /** Next param, and with a velocity the next velocity. */
    result: [param: Tensor] | [param: Tensor, velocity: Tensor];
  };

  /** A step of torch.optim.AdamW, in place like CnnzooSgd. */
  CnnzooAdamW: {
    inputs: {
      /** Any shape. */
      param: Tensor;
      /** Same shape as param. */
      grad: Tensor;
      /** Mean gradient, same shape as param, zeros before the first step. */
      m: Tensor;
      /** Mean squared gradient, same shape as param, zeros before the first step. */
      v: Tensor;
    };
    attributes: AdamWAttributes;
    /** Next param, m and v. */
    result: [param: Tensor, m: Tensor, v: Tensor];
  };
}

/** Name of a kernel that this package adds. */
export type KernelName = keyof KernelContract;

/** Inputs of a kernel, by name. */
export type KernelInputs<Name extends KernelName> = KernelContract[Name]['inputs'];

/** Attributes of a kernel, by name. */
export type KernelAttributes<Name extends KernelName> = KernelContract[Name]['attributes'];

/** Result of a kernel: a tensor, or a list of them. */
export type KernelResult<Name extends KernelName> = KernelContract[Name]['result'];
