import * as tf from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import { Add, Conv2d, type LayerArgs, Linear } from '../layers/index.js';
import {
  addRelu,
  type FusedActivation,
  fusedConv2d,
  fusedLinear,
  needsPacking,
  type PackedFilter,
  packFilter,
  refuseGradient,
} from '../ops/late.js';

/* Layers of a compiled net. They compute inference alone, and have no gradient. */

type Fused<Args> = Args & LayerArgs & { readonly activation: FusedActivation };

/** Convolution, bias and ReLU in one pass. */
export class FusedConv2d extends Conv2d {
  static override readonly className = 'cnnzoo.FusedConv2d';
  private readonly activation: FusedActivation;
  private packed: { readonly filter: PackedFilter; readonly of: readonly unknown[] } | undefined;

  constructor({ activation, ...args }: Fused<ConstructorParameters<typeof Conv2d>[0]>) {
    super(args);
    this.activation = activation;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    refuseGradient(this.name);
    return tf.tidy(() => {
      const weight = this.weight.read() as tf.Tensor4D;
      const x = this.fitting<tf.Tensor4D>(inputs, weight.shape[2] * this.args.groups, 4);
      const filter = this.filter(weight, this.bias?.read() as tf.Tensor1D | undefined);
      return fusedConv2d(x, filter, this.args, this.activation);
    });
  }

  /** Prepares the filter once for a backend, and again if the weights are written. */
  private filter(weight: tf.Tensor4D, bias: tf.Tensor1D | undefined): PackedFilter {
    if (!needsPacking(this.args)) {
      this.unpack();
      return packFilter(weight, bias, this.args);
    }
    const of = [tf.backend(), weight.dataId, bias?.dataId];
    if (this.packed?.of.every((each, i) => each === of[i])) return this.packed.filter;
    this.unpack();
    const filter = tf.tidy(() => {
      const { filters, biases, depthwise } = packFilter(weight, bias, this.args);
      return {
        filters: filters.map((each) => tf.keep(tf.clone(each))),
        biases: biases.map((each) => each && tf.keep(tf.clone(each))),
        depthwise,
      };
    });
    this.packed = { filter, of };
    return filter;
  }

  private unpack(): void {
    if (!this.packed) return;
    const { filters, biases } = this.packed.filter;
    tf.dispose([...filters, ...biases.filter((each) => each !== undefined)]);
    this.packed = undefined;
  }

  protected override disposeWeights(): number {
    this.unpack();
    return super.disposeWeights();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), activation: this.activation };
  }
}

/** Linear layer, bias and ReLU in one pass. */
export class FusedLinear extends Linear {
  static override readonly className = 'cnnzoo.FusedLinear';
  private readonly activation: FusedActivation;

  constructor({ activation, ...args }: Fused<ConstructorParameters<typeof Linear>[0]>) {
    super(args);
    this.activation = activation;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    refuseGradient(this.name);
    const weight = this.weight.read() as tf.Tensor2D;
    const bias = this.bias?.read() as tf.Tensor1D | undefined;
    const x = this.fitting(inputs, weight.shape[0]);
    return fusedLinear(x, weight, bias, this.activation);
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), activation: this.activation };
  }
}

/** Sum of two maps and ReLU, in one pass if the backend can. */
export class FusedAdd extends Add {
  static override readonly className = 'cnnzoo.FusedAdd';

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    refuseGradient(this.name);
    const [a, b] = inputs as [tf.Tensor, tf.Tensor];
    this.computeOutputShape([a.shape, b.shape]);
    return tf.tidy(() => addRelu(a, b));
  }
}

/** Runs a layer without weights, of a class that tfjs can't copy, by the layer itself. */
export class Borrowed extends layers.Layer {
  static readonly className = 'cnnzoo.Borrowed';

  constructor(
    name: string,
    private readonly layer: layers.Layer,
  ) {
    super({ name, trainable: false });
    this.supportsMasking = layer.supportsMasking;
  }

  override computeOutputShape(shape: Shape | Shape[]): Shape | Shape[] {
    return this.layer.computeOutputShape(shape);
  }

  override computeMask(...args: Parameters<layers.Layer['computeMask']>): tf.Tensor | tf.Tensor[] {
    return this.layer.computeMask(...args);
  }

  override call(...args: Parameters<layers.Layer['call']>): tf.Tensor | tf.Tensor[] {
    return this.layer.call(...args);
  }
}
