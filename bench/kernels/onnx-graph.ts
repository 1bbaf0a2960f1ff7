import onnxProto from 'onnx-proto';

const { onnx } = onnxProto;

type Attribute = number | readonly number[];

/** Builds an ONNX graph node by node and draws its weights at random. Maps are [n, c, h, w]. */
export class OnnxGraph {
  private readonly nodes: onnxProto.onnx.INodeProto[] = [];
  private readonly weights: onnxProto.onnx.ITensorProto[] = [];
  private state = 1;

  conv(x: string, [inputs, outputs]: readonly [number, number], kernel: number, { stride = 1, bias = false } = {}) {
    const deviation = Math.sqrt(2 / (inputs * kernel * kernel));
    const names = [this.weight([outputs, inputs, kernel, kernel], deviation)];
    if (bias) names.push(this.weight([outputs], 0.1));
    const pads = Array.from({ length: 4 }, () => kernel >> 1);
    return this.node('Conv', [x, ...names], { kernel_shape: [kernel, kernel], strides: [stride, stride], pads });
  }

  batchNorm(x: string, channels: number): string {
    const [scale, bias, mean] = [1, 0, 0].map((centre) => this.weight([channels], 0.1, centre)) as [
      string,
      string,
      string,
    ];
    return this.node('BatchNormalization', [x, scale, bias, mean, this.weight([channels], 0, 1)], { epsilon: 1e-5 });
  }

  relu = (x: string): string => this.node('Relu', [x]);
  add = (a: string, b: string): string => this.node('Add', [a, b]);
  flatten = (x: string): string => this.node('Flatten', [x]);
  globalAvgPool = (x: string): string => this.node('GlobalAveragePool', [x]);

  maxPool = (x: string, size: number, stride: number, padding: number): string =>
    this.node('MaxPool', [x], {
      kernel_shape: [size, size],
      strides: [stride, stride],
      pads: [padding, padding, padding, padding],
    });

  linear(x: string, inputs: number, outputs: number): string {
    const weight = this.weight([outputs, inputs], Math.sqrt(2 / inputs));
    return this.node('Gemm', [x, weight, this.weight([outputs], 0.1)], { transB: 1 });
  }

  /** Returns the model's file. Its input is `image`, its output `logits`. */
  finish(logits: string): Uint8Array {
    const float = (name: string, dims: readonly number[]) => ({
      name,
      type: {
        tensorType: {
          elemType: onnx.TensorProto.DataType.FLOAT,
          shape: { dim: dims.map((dimValue) => ({ dimValue })) },
        },
      },
    });
    this.nodes.push({ opType: 'Identity', input: [logits], output: ['logits'] });
    return onnx.ModelProto.encode({
      irVersion: 7,
      opsetImport: [{ domain: '', version: 13 }],
      graph: {
        name: 'net',
        node: this.nodes,
        initializer: this.weights,
        input: [float('image', [1, 3, 224, 224])],
        output: [float('logits', [1, 1000])],
      },
    }).finish();
  }

  private node(opType: string, input: string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const output = `${opType}${this.nodes.length}`;
    const { AttributeType } = onnx.AttributeProto;
    const attribute = Object.entries(attributes).map(([name, value]) => {
      if (typeof value !== 'number') return { name, type: AttributeType.INTS, ints: [...value] };
      if (Number.isInteger(value)) return { name, type: AttributeType.INT, i: value };
      return { name, type: AttributeType.FLOAT, f: value };
    });
    this.nodes.push({ opType, input, output: [output], attribute });
    return output;
  }

  /** Adds a tensor of uniformly distributed values. */
  private weight(dims: number[], deviation: number, centre = 0): string {
    const name = `weight${this.weights.length}`;
    const values = new Float32Array(dims.reduce((a, b) => a * b));
    for (let i = 0; i < values.length; i++) {
      this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
      values[i] = centre + (this.state / 2 ** 31 - 1) * Math.sqrt(3) * deviation;
    }
    this.weights.push({
      name,
      dims,
      dataType: onnx.TensorProto.DataType.FLOAT,
      rawData: new Uint8Array(values.buffer),
    });
    return name;
  }
}
