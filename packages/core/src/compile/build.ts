import * as tf from '@tensorflow/tfjs-core';
import { input, type LayersModel, type LayerVariable, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { descriptionOf, type NetNode, requireOneCopy } from '../graph/late.js';
import { type Conv2d, type Linear, withBuildScope } from '../layers/index.js';
import { CnnzooError } from '../util/index.js';
import { CompiledModel } from './compiled-model.js';
import { type Folded, fold, weightOf } from './fold.js';
import { Borrowed, FusedAdd, FusedConv2d, FusedLinear } from './layers.js';
import { type Plan, planOf, type Step } from './plan.js';
import type { WeightsSnapshot } from './snapshot.js';

/**
 * Builds the fused net of a model, with weights of its own. Each of its layers has the name of the last layer that it
 * computes, so that the output under a name is the same in both nets.
 *
 * @throws CnnzooError INPUT for a layer that can't be folded or copied, or a net of another copy of tfjs-layers.
 */
export async function compileModel(model: LayersModel, weights: WeightsSnapshot): Promise<LayersModel> {
  requireOneCopy(model);
  const plan = planOf(model);
  const fusedLayers = new FusedLayers(plan.steps);
  const folded = new Map<string, Folded>();
  for (const step of plan.steps) {
    const key = fusedLayers.keyOf(step);
    if (step.norms.length > 0 && !folded.has(key)) folded.set(key, await fold(step, weights));
  }
  const builder = new Builder(model, weights, folded, fusedLayers);
  const compiled = builder.build(plan);
  compiled.setUserDefinedMetadata({ ...model.getUserDefinedMetadata() });
  return compiled;
}

/** Identity and names of the fused layers: steps of the same layers are applications of one fused layer. */
class FusedLayers {
  private readonly ids = new Map<layers.Layer, number>();
  /** Keys of the fused layers that end in a layer. */
  private readonly endingIn = new Map<layers.Layer, Set<string>>();

  constructor(steps: readonly Step[]) {
    for (const step of steps) {
      const { layer } = step.last;
      this.endingIn.set(layer, (this.endingIn.get(layer) ?? new Set()).add(this.keyOf(step)));
    }
  }

  keyOf({ node, norms, relu }: Step): string {
    return [node, ...norms, ...(relu ? [relu] : [])].map(({ layer }) => this.idOf(layer)).join();
  }

  /** Returns the last layer's path; with the first one's before it if several fused layers end in that layer. */
  nameOf({ node, last }: Step): string {
    return this.endingIn.get(last.layer)!.size === 1 ? last.path : `${node.path}.${last.path}`;
  }

  private idOf(layer: layers.Layer): number {
    if (!this.ids.has(layer)) this.ids.set(layer, this.ids.size);
    return this.ids.get(layer)!;
  }
}

class Builder {
  private readonly made = new Map<string, layers.Layer>();
  private readonly names = new Set<string>();
  /** Values for the weights of fused layers, by key. */
  private readonly given = new Map<string, () => tf.Tensor>();
  /** Weights of tfjs' own layers, which the build scope does not free. */
  private readonly foreign: LayerVariable[] = [];

  constructor(
    private readonly model: LayersModel,
    private readonly weights: WeightsSnapshot,
    private readonly folded: ReadonlyMap<string, Folded>,
    private readonly fusedLayers: FusedLayers,
  ) {}

  build(plan: Plan): LayersModel {
    const values = { take: (key: string) => this.given.get(key)?.() };
    try {
      return withBuildScope(values, () => this.connect(plan));
    } catch (error) {
      for (const variable of this.foreign) variable.dispose();
      throw error;
    }
  }

  private connect({ inputs, steps, outputs }: Plan): LayersModel {
    const { model } = this;
    const symbols = new Map<NetNode, SymbolicTensor>();
    const ownInputs = model.inputs.map(({ shape, dtype, sourceLayer: { name } }) =>
      input({ name: this.unique(name), batchShape: shape, dtype }),
    );
    for (const node of inputs) symbols.set(node, ownInputs[model.inputs.indexOf(node.tensor)]!);
    // A layer of several outputs has a step for each, and is applied once.
    const applied = new Map<string, SymbolicTensor[]>();
    for (const step of steps) {
      const { layer, tensor } = step.node;
      const from = step.inputs.map((node) => symbols.get(node)!);
      const application = `${this.fusedLayers.keyOf(step)} ${from.map(({ id }) => id)}`;
      const results =
        applied.get(application) ?? this.apply(step, from, layer.inboundNodes[tensor.nodeIndex]?.callArgs);
      applied.set(application, results);
      symbols.set(step.last, results[tensor.outputTensorIndex ?? 0]!);
    }
    return new CompiledModel({
      inputs: ownInputs,
      outputs: outputs.map((node) => symbols.get(node)!),
      name: model.name,
    });
  }

  private apply(step: Step, from: readonly SymbolicTensor[], callArgs: object | undefined): SymbolicTensor[] {
    const key = this.fusedLayers.keyOf(step);
    const known = this.made.get(key);
    const layer = known ?? this.make(step, key);
    this.made.set(key, layer);
    const results = [layer.apply(from.length === 1 ? from[0]! : [...from], { ...callArgs })].flat() as SymbolicTensor[];
    if (!known && step.kind === 'other') this.copyWeights(step.node.layer, layer);
    return results;
  }

  private make(step: Step, key: string): layers.Layer {
    const { kind, node, norms, relu } = step;
    const name = this.unique(this.fusedLayers.nameOf(step));
    const activation = relu ? 'relu' : 'linear';
    const rest = { name, trainable: false, activation, initial: 'zeros', biasInitial: 'zeros' } as const;
    if (kind === 'add') return relu ? new FusedAdd({ name, trainable: false }) : this.copy(node, name);
    if (kind === 'other') return this.copy(node, name);
    this.give(name, node.layer, this.folded.get(key));
    const { args } = node.layer as Conv2d | Linear;
    const bias = args.bias || norms.length > 0;
    return kind === 'conv'
      ? new FusedConv2d({ ...(args as Conv2d['args']), ...rest, bias })
      : new FusedLinear({ ...(args as Linear['args']), ...rest, bias });
  }

  /** Prepares the weights of a fused layer: the folded ones, or the layer's own. */
  private give(name: string, layer: layers.Layer, folded: Folded | undefined): void {
    for (const part of ['weight', 'bias'] as const) {
      const variable = weightOf(layer, part);
      const shape = variable?.shape ?? weightOf(layer, 'weight')!.shape.slice(-1);
      if (folded) this.given.set(`${name}.${part}`, () => tf.tensor(folded[part], shape as number[]));
      else if (variable) this.given.set(`${name}.${part}`, () => this.weights.clone(variable));
    }
  }

  /** Makes a layer that computes the same. tfjs copies a layer by its config. */
  private copy({ layer, path }: NetNode, name: string): layers.Layer {
    const { kind } = descriptionOf(layer);
    if (kind === 'unknown' && layer.weights.length === 0) return new Borrowed(name, layer);
    const type = layer.constructor as unknown as LayerClass;
    const [registered] = tf.serialization.SerializationMap.getMap().classNameMap[layer.getClassName()] ?? [];
    if (kind === 'unknown' && registered !== (type as unknown))
      throw new CnnzooError(
        'INPUT',
        `compile: layer '${path}' is of a class '${layer.getClassName()}' with weights, which tfjs does not know how to ` +
          'copy. Register the class by tf.serialization.registerClass, with a getConfig of all its arguments.',
      );
    return type.fromConfig(type, { ...layer.getConfig(), name, trainable: false });
  }

  /** Gives a copied layer, once it is built, the values of its model. */
  private copyWeights(from: layers.Layer, to: layers.Layer): void {
    if (!descriptionOf(to).isOwn) this.foreign.push(...to.weights);
    if (to instanceof Borrowed) return;
    const [sources, targets] = [inOrder(from), inOrder(to)];
    if (sources.map(({ shape }) => `[${shape}]`).join() !== targets.map(({ shape }) => `[${shape}]`).join())
      throw new CnnzooError(
        'INPUT',
        `compile: a copy of layer '${from.name}', a ${from.getClassName()}, has other weights than the layer. Its getConfig ` +
          'must hold all arguments of its constructor.',
      );
    for (const [i, source] of sources.entries()) {
      const value = this.weights.clone(source);
      // Past LayerVariable.write, which would apply a constraint of training.
      (targets[i]!.read() as tf.Variable).assign(value);
      value.dispose();
    }
  }

  private unique(name: string): string {
    let unique = name;
    while (this.names.has(unique)) unique += '_';
    this.names.add(unique);
    return unique;
  }
}

/** Class of a layer, as tfjs makes one from its config. */
interface LayerClass {
  fromConfig(type: LayerClass, config: tf.serialization.ConfigDict): layers.Layer;
}

/** Returns a layer's weights in the order of their creation; `weights` has the frozen ones last. */
const inOrder = ({ weights }: layers.Layer): LayerVariable[] => weights.toSorted((a, b) => a.id - b.id);
