import type { LayersModel, layers } from '@tensorflow/tfjs-layers';
import { noteOf } from '../graph/index.js';
import { type NetNode, walk } from '../graph/late.js';
import { isUnder } from '../layers/index.js';

/**
 * One application of a layer, with the layers after it that are computed in the same pass: those whose input no other layer
 * reads, and that no output of the net is.
 */
export interface Step {
  /** 'other': a single layer, which stays as it is. */
  readonly kind: 'conv' | 'linear' | 'add' | 'other';
  readonly node: NetNode;
  /** BatchNorms that are folded into a 'conv' or 'linear', in order. */
  readonly norms: readonly NetNode[];
  /** The ReLU at the end; undefined if there is none. */
  readonly relu: NetNode | undefined;
  /** The last of the layers, whose output the step gives. */
  readonly last: NetNode;
  /** Nodes whose outputs the step reads. Each is the `last` of a step, or an input of the net. */
  readonly inputs: readonly NetNode[];
}

/** Inference of a net in fused steps. */
export interface Plan {
  /** Nodes of those of the net's inputs that something reads. */
  readonly inputs: readonly NetNode[];
  /** In topological order, without the net's inputs. */
  readonly steps: readonly Step[];
  /** Nodes of the net's outputs. Each is the `last` of a step, or an input of the net. */
  readonly outputs: readonly NetNode[];
}

const FUSABLE: Readonly<Record<string, Step['kind']>> = {
  'cnnzoo.Add': 'add',
  'cnnzoo.Conv2d': 'conv',
  'cnnzoo.Linear': 'linear',
};

/** Returns the class name of a layer; '' for a subclass without a name of its own, which may compute something else. */
const classOf = (layer: layers.Layer): string =>
  Object.hasOwn(layer.constructor, 'className') ? layer.getClassName() : '';

const isNorm = ({ layer }: NetNode): boolean => classOf(layer) === 'cnnzoo.BatchNorm';

const isRelu = ({ layer }: NetNode): boolean =>
  classOf(layer) === 'cnnzoo.Activation' && layer.getConfig().activation === 'relu';

/**
 * Plans the fused inference of a net. Each application of a layer is planned by itself, since each may have other readers.
 * Dropout of ours, which returns its input in inference, has no step. A step does not reach across the beginning or the end
 * of a head, so that the head of the fused net reads the same features.
 */
export function planOf(model: LayersModel): Plan {
  const { nodes, outputs } = walk(model);
  const isDropped = (node: NetNode): boolean => classOf(node.layer) === 'cnnzoo.Dropout' && !outputs.includes(node);
  const computed = (node: NetNode): NetNode => (isDropped(node) ? computed(node.inputs[0]!) : node);

  const readers = new Map<NetNode, NetNode[]>();
  for (const node of nodes)
    if (!isDropped(node))
      for (const input of node.inputs.map(computed)) readers.set(input, [...(readers.get(input) ?? []), node]);

  const note = noteOf(model);
  const heads = note ? [note.head, ...(note.auxiliaryHeads ?? [])] : [];
  const headOf = ({ path }: NetNode): string | undefined => heads.find((head) => isUnder(head, path));

  /** Returns the only reader of a node that nothing else needs; undefined if there is none. */
  const nextOf = (node: NetNode): NetNode | undefined => {
    const [next, second] = readers.get(node) ?? [];
    return next && !second && !outputs.includes(node) && headOf(next) === headOf(node) ? next : undefined;
  };

  const taken = new Set<NetNode>();
  const steps: Step[] = [];
  for (const node of nodes) {
    if (taken.has(node) || isDropped(node) || node.inputs.length === 0) continue;
    const kind = FUSABLE[classOf(node.layer)] ?? 'other';
    const norms: NetNode[] = [];
    let [last, next] = [node, kind === 'other' ? undefined : nextOf(node)];
    while (next && kind !== 'add' && isNorm(next)) {
      norms.push(next);
      [last, next] = [next, nextOf(next)];
    }
    const relu = next && isRelu(next) ? next : undefined;
    last = relu ?? last;
    for (const each of [...norms, ...(relu ? [relu] : [])]) taken.add(each);
    steps.push({ kind, node, norms, relu, last, inputs: node.inputs.map(computed) });
  }
  return { inputs: nodes.filter(({ inputs }) => inputs.length === 0), steps, outputs };
}
