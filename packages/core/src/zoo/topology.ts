import { serialization } from '@tensorflow/tfjs-core';
import { layers, type Shape } from '@tensorflow/tfjs-layers';
import * as v from 'valibot';
import type { LazyTensor } from '../checkpoint/index.js';
import { Faults } from '../state-dict/late.js';
import type { CnnzooError } from '../util/index.js';
import { layerConfigOf, layerName, NETS, REFUSED_LAYERS, weightShapesOf } from './saved-layers.js';

/** Most applications of layers, inner nets included. The deepest ResNets have some 4,000. */
const MAX_APPLIED = 2 ** 15;
/** Deepest nesting of nets. */
const MAX_DEPTH = 8;
/** Most values of one image's feature map: a typed array holds no more. */
const MAX_VALUES = 2 ** 31;

const index = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const reference = v.strictTuple([layerName, index, index]);
/** Schema of an object that is not a list. */
const fieldsOf = <T extends v.GenericSchema>(each: T) =>
  v.pipe(
    v.unknown(),
    v.check((value) => !Array.isArray(value), 'expected an object, received a list'),
    v.record(v.string(), each),
  );

/** Input of a layer: the output of another layer's call, with the options of the layer's own call. */
const inbound = v.strictTuple([...reference.items, fieldsOf(v.nullable(v.union([v.boolean(), v.number()])))]);
const description = v.strictObject({ className: v.string(), config: fieldsOf(v.unknown()) });
const node = v.pipe(
  v.array(inbound),
  v.minLength(1),
  v.check(
    (inputs) => new Set(inputs.map(([, , , options]) => JSON.stringify(options))).size === 1,
    'expected the same options of a call with each of its inputs',
  ),
);
const graph = v.strictObject({
  name: layerName,
  layers: v.pipe(
    v.array(v.strictObject({ ...description.entries, name: layerName, inboundNodes: v.array(node) })),
    v.minLength(1),
  ),
  inputLayers: v.pipe(v.array(reference), v.minLength(1)),
  outputLayers: v.pipe(v.array(reference), v.minLength(1)),
});
const sequence = v.strictObject({ name: layerName, layers: v.pipe(v.array(description), v.minLength(1)) });

type Description = v.InferOutput<typeof description>;
type GraphLayer = v.InferOutput<typeof graph>['layers'][number];

/** Description of a net, as tfjs writes it. */
export interface Topology {
  readonly className: string;
  readonly config: unknown;
}

/**
 * Checks a net's description before tfjs builds it. Every layer has a known class and valid fields; the graph is whole
 * and has no circle, on which tfjs would not end; and the file holds every weight in its shape, so that the net takes no
 * more memory than the file.
 *
 * @returns shapes of the net's outputs.
 * @throws CnnzooError FORMAT if the description is damaged, STATE_DICT if it does not fit the tensors.
 */
export function checkTopology(
  topology: Topology,
  tensors: ReadonlyMap<string, LazyTensor>,
  damaged: (why: string, cause?: unknown) => CnnzooError,
): readonly Shape[] {
  if (!NETS.has(topology.className)) throw damaged(`it describes a ${clip(topology.className)}, which is no net`);
  const check = new Check(tensors, damaged);
  const outputs = check.net(topology as Description, '', 0);
  check.faults.throwIfAny((topology.config as { name: string }).name);
  return outputs;
}

const clip = (text: string): string => JSON.stringify(text.slice(0, 100));
const keyOf = (layer: string, node: number): string => `${node} ${layer}`;

class Check {
  readonly faults = new Faults();
  private applied = 0;

  constructor(
    private readonly tensors: ReadonlyMap<string, LazyTensor>,
    private readonly damaged: (why: string, cause?: unknown) => CnnzooError,
  ) {}

  /** Returns the shapes of a net's outputs. `inputs`: shapes that the net is applied to. Default: its own inputs'. */
  net({ className, config }: Description, prefix: string, depth: number, inputs?: readonly Shape[]): readonly Shape[] {
    if (depth > MAX_DEPTH) throw this.damaged(`it holds nets inside nets more than ${MAX_DEPTH} deep`);
    return className === 'Sequential'
      ? this.sequence(this.parse(sequence, config, 'a sequence of layers'), prefix, depth, inputs)
      : this.graph(this.parse(graph, config, 'a graph of layers'), prefix, depth, inputs);
  }

  private parse<T extends v.GenericSchema>(schema: T, value: unknown, what: string): v.InferOutput<T> {
    const result = v.safeParse(schema, value, { abortEarly: true });
    if (result.success) return result.output;
    const [issue] = result.issues;
    const path = v.getDotPath(issue);
    throw this.damaged(
      `${what} is described wrongly${path ? ` (${path.slice(0, 100)})` : ''}: ${issue.message.slice(0, 200)}`,
    );
  }

  private sequence(
    { layers: descriptions }: v.InferOutput<typeof sequence>,
    prefix: string,
    depth: number,
    inputs: readonly Shape[] | undefined,
  ): readonly Shape[] {
    this.checkNames(descriptions.map(({ config }) => config.name));
    let shapes = inputs;
    for (const each of descriptions) {
      const layer = this.layer(each, prefix, depth);
      shapes = layer(shapes ?? this.ownInput(each));
    }
    return shapes!;
  }

  /** Returns the input shape in the description of a sequence's first layer. */
  private ownInput({ className, config }: Description): readonly Shape[] | undefined {
    if (NETS.has(className)) return undefined;
    if (!Array.isArray(config.batchInputShape)) throw this.damaged('its first layer does not say what its input is');
    return [config.batchInputShape as Shape];
  }

  private graph(
    { layers: descriptions, inputLayers, outputLayers }: v.InferOutput<typeof graph>,
    prefix: string,
    depth: number,
    inputs: readonly Shape[] | undefined,
  ): readonly Shape[] {
    this.checkNames(descriptions.map(({ name }) => name));
    for (const { name, config } of descriptions)
      if (config.name !== name) throw this.damaged(`the layer ${clip(name)} has two names`);
    if (inputs && inputs.length !== inputLayers.length)
      throw this.damaged(`a net of ${inputLayers.length} inputs is applied to ${inputs.length}`);
    const shapes = new Map<string, readonly Shape[]>();
    const byName = new Map(descriptions.map((layer) => [layer.name, layer]));
    for (const [i, [name, at, tensor]] of inputLayers.entries()) {
      const layer = byName.get(name);
      if (layer?.className !== 'InputLayer' || at !== 0 || tensor !== 0 || shapes.has(keyOf(name, 0)))
        throw this.damaged(`its input ${clip(name)} is no input layer`);
      const [own] = this.layer(layer, prefix, depth)([layer.config.batchInputShape as Shape]);
      shapes.set(keyOf(name, 0), [inputs?.[i] ?? own!]);
    }
    const used = new Set(outputLayers.map(([name, at]) => keyOf(name, at)));
    for (const step of this.inOrder(descriptions)) {
      const received = step.inbound.map(([name, at, tensor]) => {
        used.add(keyOf(name, at));
        return this.found(shapes, name, at, tensor);
      });
      shapes.set(step.key, step.apply(prefix, depth)(received));
    }
    for (const { name, className, inboundNodes } of descriptions) {
      if (className === 'InputLayer' ? inboundNodes.length > 0 : inboundNodes.length === 0)
        throw this.damaged(`the layer ${clip(name)} is applied to nothing`);
    }
    for (const key of shapes.keys())
      if (!used.has(key)) throw this.damaged(`nothing uses the layer ${clip(key.slice(key.indexOf(' ') + 1))}`);
    return outputLayers.map(([name, at, tensor]) => this.found(shapes, name, at, tensor));
  }

  private found(shapes: ReadonlyMap<string, readonly Shape[]>, name: string, at: number, tensor: number): Shape {
    const shape = shapes.get(keyOf(name, at))?.[tensor];
    if (shape) return shape;
    throw this.damaged(`the layer ${clip(name)} has no output ${tensor} of call ${at}`);
  }

  /** Lists the calls of all layers in topological order. The calls of one layer stay in order, since tfjs counts them. */
  private *inOrder(descriptions: readonly GraphLayer[]): Generator<Step> {
    const steps = descriptions.flatMap((layer) => {
      let made: ((inputs: readonly Shape[]) => readonly Shape[]) | undefined;
      const apply = (prefix: string, depth: number) => (made ??= this.layer(layer, prefix, depth));
      // tfjs counts an inner net's own graph as its first call.
      const first = NETS.has(layer.className) ? 1 : 0;
      return layer.inboundNodes.map((inbound, i): Step => {
        const before = i === 0 ? [] : [keyOf(layer.name, first + i - 1)];
        return { key: keyOf(layer.name, first + i), inbound, apply, before };
      });
    });
    const byKey = new Map(steps.map((step) => [step.key, step]));
    const waiting = new Map<string, number>();
    const followers = new Map<string, Step[]>();
    for (const step of steps) {
      const needs = [...step.before, ...step.inbound.map(([name, at]) => keyOf(name, at))].filter((key) =>
        byKey.has(key),
      );
      waiting.set(step.key, needs.length);
      for (const key of needs) {
        const list = followers.get(key);
        if (list) list.push(step);
        else followers.set(key, [step]);
      }
    }
    const ready = steps.filter(({ key }) => waiting.get(key) === 0);
    let done = 0;
    for (let step = ready.pop(); step; step = ready.pop()) {
      yield step;
      done++;
      for (const follower of followers.get(step.key) ?? []) {
        const left = waiting.get(follower.key)! - 1;
        waiting.set(follower.key, left);
        if (left === 0) ready.push(follower);
      }
    }
    if (done < steps.length) throw this.damaged('its layers go round in a circle');
  }

  private checkNames(names: readonly unknown[]): void {
    if (names.length > MAX_APPLIED) throw this.damaged(`it has more than ${MAX_APPLIED} layers`);
    const seen = new Set<unknown>();
    for (const name of names) {
      if (seen.has(name)) throw this.damaged(`two layers are called ${clip(String(name))}`);
      seen.add(name);
    }
  }

  /** Returns a layer as a function of shapes. Checks the description at once, the weights when it is first applied. */
  private layer(description: Description, prefix: string, depth: number) {
    const { className, config } = description;
    const path = prefix + String(config.name);
    const apply = NETS.has(className)
      ? (inputs: readonly Shape[] | undefined) => this.net(description, `${path}.`, depth + 1, inputs)
      : this.single(description, path);
    return (inputs: readonly Shape[] | undefined): readonly Shape[] => {
      if (++this.applied > MAX_APPLIED) throw this.damaged(`it applies more than ${MAX_APPLIED} layers`);
      return apply(inputs);
    };
  }

  private single({ className, config }: Description, path: string) {
    const { instance, isKnown } = this.instance(className, config, path);
    let isNew = true;
    return (inputs: readonly Shape[] = []): readonly Shape[] => {
      if (isNew) this.checkWeights(className, config, path, inputs[0]!);
      isNew = false;
      let output: Shape | Shape[];
      try {
        output = instance.computeOutputShape(inputs.length === 1 ? inputs[0]! : [...inputs]);
      } catch (cause) {
        throw this.damaged(`the layer ${clip(path)} can't be applied to its input: ${messageOf(cause)}`, cause);
      }
      const outputs = (Array.isArray(output[0]) ? output : [output]) as Shape[];
      if (isKnown && outputs.length !== 1)
        throw this.damaged(`the layer ${clip(path)} is applied to ${inputs.length} inputs`);
      for (const shape of outputs) this.checkShape(shape, path);
      return outputs;
    };
  }

  /** Returns a layer that is not built and so has no weights. `isKnown`: the layer is ours or tfjs'. */
  private instance(className: string, config: Description['config'], path: string) {
    const schema = layerConfigOf(className, config);
    if (schema) this.parse(schema, config, `the layer ${clip(path)}`);
    const { classNameMap } = serialization.SerializationMap.getMap();
    const [type] = Object.hasOwn(classNameMap, className) ? classNameMap[className]! : [];
    if (!type || !(type.prototype instanceof layers.Layer) || REFUSED_LAYERS.has(className) || NETS.has(className))
      throw this.damaged(
        `the layer ${clip(path)} is a ${clip(className)}, which a saved net can't have, or which is not registered ` +
          '(tf.serialization.registerClass)',
      );
    try {
      const instance = type.fromConfig(type, structuredClone(config) as serialization.ConfigDict) as layers.Layer;
      // A class of tfjs drops the fields that it does not know.
      if (schema && !isSame(instance.getConfig(), config)) throw new Error('not all of its description is known');
      return { instance, isKnown: schema !== undefined };
    } catch (cause) {
      throw this.damaged(`the layer ${clip(path)} is described wrongly: ${messageOf(cause)}`, cause);
    }
  }

  private checkWeights(className: string, config: object, path: string, input: Shape): void {
    for (const [name, expected] of Object.entries(weightShapesOf(className, config, input))) {
      const received = this.tensors.get(`${path}.${name}`)?.shape;
      if (!received) this.faults.isMissing(`${path}.${name}`);
      else if (expected.join() !== received.join())
        this.faults.hasShape(
          `${path}.${name}`,
          expected.map((extent) => extent ?? Number.NaN),
          received,
        );
    }
  }

  private checkShape(shape: Shape, path: string): void {
    const extents = shape.slice(1);
    const isWhole = (extent: unknown) => extent === null || (Number.isSafeInteger(extent) && (extent as number) > 0);
    const values = extents.reduce<number>((product, extent) => product * (extent ?? 1), 1);
    if (!extents.every(isWhole) || values > MAX_VALUES)
      throw this.damaged(`the layer ${clip(path)} gives [${extents.map(String).join(', ').slice(0, 100)}]`);
  }
}

interface Step {
  readonly key: string;
  readonly inbound: GraphLayer['inboundNodes'][number];
  readonly before: readonly string[];
  apply(prefix: string, depth: number): (inputs: readonly Shape[]) => readonly Shape[];
}

const messageOf = (cause: unknown): string => String((cause as Error | undefined)?.message ?? cause).slice(0, 200);

/** Returns true if two values are the same as JSON. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return a === b || (a ?? null) === (b ?? null);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => isSame((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
}
