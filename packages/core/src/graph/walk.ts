import type { LayersModel, layers, Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isModel, layersOf, orderTo } from './order.js';
import { isOutside, outsideError } from './outside-layer.js';

/** An output of one application of a layer, in a net whose inner nets are unfolded. */
export interface NetNode {
  /** The layer's path in the state dict. Layers of a net inside come under its name. */
  readonly path: string;
  readonly layer: layers.Layer;
  /** Nodes that the layer is applied to; none for the net's input. */
  readonly inputs: readonly NetNode[];
  /** Shape of the output, the number of images first; null: known only at run time. */
  readonly shape: Shape;
  /** The output in the graph of the net that holds the layer. */
  readonly tensor: SymbolicTensor;
}

/** A net with the nets inside it unfolded. */
export interface NetGraph {
  /** In topological order; layers that are applied once are in the order of `model.layers`. */
  readonly nodes: readonly NetNode[];
  readonly outputs: readonly NetNode[];
}

/**
 * Walks over a net and the nets inside it. A layer or inner net that is applied several times gives nodes each time.
 *
 * @throws CnnzooError INPUT for a net that was compiled for an engine.
 */
export function walk(model: LayersModel): NetGraph {
  const nodes: NetNode[] = [];
  const outputs = new Walk(model, '', nodes).run();
  return { nodes, outputs };
}

/** A walk over one net, which collects the nodes of all. */
class Walk {
  private readonly found = new Map<SymbolicTensor, NetNode>();
  /** Outputs of inner nets, by their applications. */
  private readonly applied = new Map<unknown, readonly NetNode[]>();
  /** Sequential leaves its input out of its layers, and has those of an inner net that it begins with in its graph. */
  private readonly paths: ReadonlyMap<layers.Layer, string>;

  /** @param inputs nodes in place of the net's own inputs. */
  constructor(
    private readonly model: LayersModel,
    private readonly prefix: string,
    private readonly nodes: NetNode[],
    inputs: readonly NetNode[] = [],
  ) {
    this.paths = new Map(Array.from(layersOf(model, prefix), ([path, layer]) => [layer, path]));
    for (const [i, node] of inputs.entries()) this.found.set(model.inputs[i]!, node);
  }

  run(): NetNode[] {
    const flat = [...this.model.layers, ...this.paths.keys()];
    const place = new Map(flat.map((layer, i) => [layer, i]));
    const placeOf = ({ sourceLayer }: SymbolicTensor): number => place.get(sourceLayer) ?? -1;
    for (const tensor of orderTo(this.model.outputs).toSorted((a, b) => placeOf(a) - placeOf(b))) this.visit(tensor);
    return this.model.outputs.map((tensor) => this.visit(tensor));
  }

  private visit(tensor: SymbolicTensor): NetNode {
    const known = this.found.get(tensor);
    if (known) return known;
    const inputs = tensor.inputs.map((input) => this.visit(input));
    const node = isModel(tensor.sourceLayer) ? this.unfold(tensor, inputs) : this.add(tensor, inputs);
    this.found.set(tensor, node);
    return node;
  }

  private add(tensor: SymbolicTensor, inputs: readonly NetNode[]): NetNode {
    const { sourceLayer: layer } = tensor;
    if (isOutside(layer)) throw outsideError(layer);
    const path = this.paths.get(layer) ?? this.prefix + layer.name;
    const node = { path, layer, inputs, shape: shapeOf(tensor, inputs), tensor };
    this.nodes.push(node);
    return node;
  }

  private unfold(tensor: SymbolicTensor, inputs: readonly NetNode[]): NetNode {
    const inner = tensor.sourceLayer as unknown as LayersModel;
    const application = tensor.sourceLayer.inboundNodes[tensor.nodeIndex];
    const walk = () => new Walk(inner, `${this.prefix}${inner.name}.`, this.nodes, inputs).run();
    const outputs = this.applied.get(application) ?? walk();
    this.applied.set(application, outputs);
    return outputs[tensor.outputTensorIndex ?? 0]!;
  }
}

/** An inner net may be applied to another shape than its own input's. */
function shapeOf(tensor: SymbolicTensor, inputs: readonly NetNode[]): Shape {
  if (inputs.every(({ shape }, i) => shape.join() === tensor.inputs[i]!.shape.join())) return tensor.shape;
  const shapes = inputs.map(({ shape }) => shape);
  const output = tensor.sourceLayer.computeOutputShape(shapes.length === 1 ? shapes[0]! : shapes);
  return (Array.isArray(output[0]) ? output[tensor.outputTensorIndex ?? 0] : output) as Shape;
}
