import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { GraphWeight } from '../graph/index.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  TensorProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx-schema.js';

/** Numbers of fields of the ONNX schema that are written by hand, so that weights are streamed. */
const GRAPH_OF_MODEL = 7;
const INITIALIZER_OF_GRAPH = 5;
const RAW_DATA_OF_TENSOR = 9;

/** Value of an attribute: a float is `{ float }`, since all whole numbers are ints. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

/** Constant tensor of an ONNX graph, whose bytes are made when they are written. */
export interface Initializer {
  readonly name: string;
  readonly type: DataType;
  readonly shape: readonly number[];
  /** Number of bytes. */
  readonly size: number;
  /** Little-endian, row-major. */
  bytes(): AsyncIterable<Uint8Array>;
}

/** Size of an axis: a number, or the name of one that is known only at run time. */
export type Axis = number | string;

function attributeOf([name, value]: [string, Attribute]): AttributeProto {
  if (typeof value === 'string')
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if (typeof value === 'number')
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if ('float' in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

/** Makes the array of a constant, by its type. */
const ARRAYS = {
  [DataType.FLOAT]: (values: ArrayLike<number>) => Float32Array.from(values),
  [DataType.INT64]: (values: ArrayLike<number>) => BigInt64Array.from(Array.from(values, BigInt)),
  [DataType.UINT8]: (values: ArrayLike<number>) => Uint8Array.from(values),
};

const dimensionOf = (axis: Axis) =>
  typeof axis === 'number'
    ? ({ case: 'dimValue', value: BigInt(axis) } as const)
    : ({ case: 'dimParam', value: axis } as const);

export const tensorInfo = (name: string, type: DataType, shape: readonly Axis[]): ValueInfoProto =>
  create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: type,
          shape: {
            dim: shape.map((axis) => ({ value: dimensionOf(axis) })),
          },
        },
      },
    },
  });

/** Collects the nodes and constants of an ONNX graph. */
export class OnnxWriter {
  private readonly nodes: NodeProto[] = [];
  private readonly initializers: Initializer[] = [];
  private readonly names = new Set<string>();
  private readonly constants = new Map<string, string>();
  private readonly weights = new Map<GraphWeight, Map<string, string>>();

  /** Returns a name that nothing else has. */
  unique(name: string): string {
    let unique = name;
    for (let i = 1; this.names.has(unique); i++) unique = `${name}_${i}`;
    this.names.add(unique);
    return unique;
  }

  /** Adds a node. Returns the name of its output. */
  add(
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
    output: string,
  ): string {
    return this.addAs(this.unique(output), opType, inputs, attributes);
  }

  /** Adds a node whose output has a name that `unique` has given. */
  addAs(
    name: string,
    opType: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>>,
  ): string {
    const attribute = Object.entries(attributes).map(attributeOf);
    this.nodes.push(create(NodeProtoSchema, { opType, name, input: [...inputs], output: [name], attribute }));
    return name;
  }

  /** Adds a constant of given values. The same values are added once. */
  constant(name: string, type: keyof typeof ARRAYS, shape: readonly number[], values: ArrayLike<number>): string {
    const key = `${type} [${shape}] ${Array.from(values)}`;
    const known = this.constants.get(key);
    if (known) return known;
    const unique = this.unique(name);
    const bytes = new Uint8Array(ARRAYS[type](values).buffer);
    this.initializers.push({
      name: unique,
      type,
      shape,
      size: bytes.length,
      async *bytes() {
        yield bytes;
      },
    });
    this.constants.set(key, unique);
    return unique;
  }

  /** Adds a weight in one of its layouts, once. */
  weight(weight: GraphWeight, layout: string, make: (name: string) => Initializer): string {
    const layouts = this.weights.get(weight) ?? new Map<string, string>();
    this.weights.set(weight, layouts);
    const known = layouts.get(layout);
    if (known) return known;
    const initializer = make(this.unique(weight.name));
    this.initializers.push(initializer);
    layouts.set(layout, initializer.name);
    return initializer.name;
  }

  /** Returns the file: its size in bytes, and its bytes in pieces. */
  file(
    graph: {
      readonly name: string;
      readonly inputs: readonly ValueInfoProto[];
      readonly outputs: readonly ValueInfoProto[];
    },
    model: {
      readonly opset: number;
      readonly irVersion: number;
      readonly metadata: Readonly<Record<string, string>>;
    },
  ): { readonly size: number; readonly chunks: () => AsyncIterable<Uint8Array> } {
    const { initializers } = this;
    const structure = toBinary(
      GraphProtoSchema,
      create(GraphProtoSchema, {
        name: graph.name,
        node: this.nodes,
        input: [...graph.inputs],
        output: [...graph.outputs],
      }),
    );
    const rest = toBinary(
      ModelProtoSchema,
      create(ModelProtoSchema, {
        irVersion: BigInt(model.irVersion),
        producerName: 'cnnzoo',
        opsetImport: [{ domain: '', version: BigInt(model.opset) }],
        metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
      }),
    );
    const heads = initializers.map(headOf);
    const graphSize = heads.reduce((sum, head, i) => sum + head.length + initializers[i]!.size, structure.length);
    const graphHead = new BinaryWriter().tag(GRAPH_OF_MODEL, WireType.LengthDelimited).uint32(graphSize).finish();
    return {
      size: rest.length + graphHead.length + graphSize,
      async *chunks() {
        yield rest;
        yield graphHead;
        yield structure;
        for (const [i, initializer] of initializers.entries()) {
          yield heads[i]!;
          yield* initializer.bytes();
        }
      },
    };
  }
}

/** Returns the bytes of an initializer up to its values. */
function headOf({ name, type, shape, size }: Initializer): Uint8Array {
  const facts = toBinary(
    TensorProtoSchema,
    create(TensorProtoSchema, { name, dataType: type, dims: shape.map(BigInt) }),
  );
  const raw = new BinaryWriter().tag(RAW_DATA_OF_TENSOR, WireType.LengthDelimited).uint32(size).finish();
  const whole = facts.length + raw.length + size;
  const start = new BinaryWriter().tag(INITIALIZER_OF_GRAPH, WireType.LengthDelimited).uint32(whole);
  return start.raw(facts).raw(raw).finish();
}
