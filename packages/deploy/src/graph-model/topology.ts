import type { GraphWeight, ReadBlock } from '../graph/index.js';

/** Attribute of a TensorFlow operator, in the JSON form of its protocol buffer. */
export type Attribute =
  | { readonly s: string }
  | { readonly i: string }
  | { readonly f: number }
  | { readonly b: boolean }
  | { readonly type: string }
  | { readonly tensor: object }
  | { readonly shape: { readonly dim: readonly { readonly size: string }[] } }
  | { readonly list: { readonly s?: readonly string[]; readonly i?: readonly string[] } };

/** Operator of a GraphModel. */
export interface TopologyNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
  readonly attr: Readonly<Record<string, Attribute>>;
}

interface ConstantOf<Dtype, Values> {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** true: a weight of the net, which may be stored in fewer bytes. */
  readonly isWeight: boolean;
  read(): Promise<Values>;
  readonly readBlock?: ReadBlock | undefined;
}

/** Constant tensor. int32: a shape or axes. */
export type Constant = ConstantOf<'float32', Float32Array> | ConstantOf<'int32', Int32Array>;

const base64 = (text: string): string => btoa(text);

export const text = (value: string): Attribute => ({ s: base64(value) });
export const texts = (values: readonly string[]): Attribute => ({ list: { s: values.map(base64) } });
export const int = (value: number): Attribute => ({ i: String(value) });
export const ints = (values: readonly number[]): Attribute => ({ list: { i: values.map(String) } });
export const float = (value: number): Attribute => ({ f: value });
export const flag = (value: boolean): Attribute => ({ b: value });
export const shapeAttribute = (shape: readonly (number | null)[]): Attribute => ({
  shape: { dim: shape.map((extent) => ({ size: String(extent ?? -1) })) },
});

const FLOAT: Attribute = { type: 'DT_FLOAT' };
const INT: Attribute = { type: 'DT_INT32' };

/** Collects the operators and constants of a GraphModel. */
export class Topology {
  readonly nodes: TopologyNode[] = [];
  readonly constants: Constant[] = [];
  private readonly names = new Set<string>();
  private readonly given = new Map<string, string>();
  private readonly weights = new Map<GraphWeight, string>();

  /** Returns a name that nothing else has. A colon would name an output. */
  unique(name: string): string {
    const base = name.replaceAll(':', '_');
    let unique = base;
    for (let i = 1; this.names.has(unique); i++) unique = `${base}_${i}`;
    this.names.add(unique);
    return unique;
  }

  input(name: string, shape: readonly (number | null)[]): string {
    const unique = this.unique(name);
    this.nodes.push({ name: unique, op: 'Placeholder', attr: { dtype: FLOAT, shape: shapeAttribute(shape) } });
    return unique;
  }

  /** Adds an operator. Returns its name, which is that of its output. */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>, name: string): string {
    return this.addAs(this.unique(name), op, inputs, attributes);
  }

  /** Adds an operator with a name that `unique` has given. */
  addAs(name: string, op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>>): string {
    this.nodes.push({ name, op, input: inputs, attr: { T: FLOAT, ...attributes } });
    return name;
  }

  /** Adds a weight, once. */
  weight(weight: GraphWeight): string {
    const known = this.weights.get(weight);
    if (known) return known;
    const name = this.constant({ ...weight, dtype: 'float32', isWeight: true, read: () => weight.read() });
    this.weights.set(weight, name);
    return name;
  }

  /** Adds numbers. The same ones are added once. */
  numbers(name: string, shape: readonly number[], values: ArrayLike<number>): string {
    return this.once(`float32 [${shape}] ${Array.from(values)}`, () =>
      this.constant({
        name,
        dtype: 'float32',
        shape,
        isWeight: false,
        read: async () => Float32Array.from(values),
      }),
    );
  }

  /** Adds whole numbers: a shape, axes. The same ones are added once. */
  ints(name: string, shape: readonly number[], values: readonly number[]): string {
    return this.once(`int32 [${shape}] ${values}`, () =>
      this.constant({ name, dtype: 'int32', shape, isWeight: false, read: async () => Int32Array.from(values) }),
    );
  }

  private once(key: string, make: () => string): string {
    const known = this.given.get(key) ?? make();
    this.given.set(key, known);
    return known;
  }

  private constant(constant: Constant): string {
    const name = this.unique(constant.name);
    this.constants.push({ ...constant, name });
    const dtype = constant.dtype === 'float32' ? FLOAT : INT;
    this.nodes.push({ name, op: 'Const', attr: { dtype, value: shapeOfTensor(constant) } });
    return name;
  }
}

/** The values of a constant are in the weights; the attribute names its type and shape. */
const shapeOfTensor = ({ dtype, shape }: Constant): Attribute => ({
  tensor: {
    dtype: dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32',
    tensorShape: { dim: shape.map((extent) => ({ size: String(extent) })) },
  },
});
