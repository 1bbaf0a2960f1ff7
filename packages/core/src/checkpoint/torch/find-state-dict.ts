import { CnnzooError, isMap } from '../../util/index.js';
import { isTensor, TensorRef, UnreadableTensor } from './objects.js';
import { describe, Inert, type Value } from './pickle.js';

/** Names in a message. */
const MAX_NAMES = 20;

/** Names for a message, the first of many. */
export const listed = (names: Iterable<string>): string => {
  const all = [...new Set(names)];
  return all.length > MAX_NAMES ? `${all.slice(0, MAX_NAMES).join(', ')}, …` : all.join(', ') || 'nothing';
};

/**
 * The tensors whose keys begin with `key` and a dot, by the rest of their keys.
 * @throws CnnzooError INPUT if there are none.
 */
export function underKey<T>(tensors: ReadonlyMap<string, T>, key: string, name: string): Map<string, T> {
  const prefix = `${key}.`;
  const found = [...tensors].filter(([each]) => each.startsWith(prefix));
  if (found.length === 0)
    throw new CnnzooError(
      'INPUT',
      `'${name}' has nothing under key '${key}': expected one of ${listed([...tensors.keys()].map((each) => each.split('.')[0]!))}.`,
    );
  return new Map(found.map(([each, tensor]) => [each.slice(prefix.length), tensor]));
}

type Dict = ReadonlyMap<Value, Value>;

/** A state dict of a pickle, and where in it it lies; '' if it is all of it. */
interface Entry {
  readonly path: string;
  readonly dict: Dict;
}

export interface FoundStateDict {
  readonly tensors: Map<string, TensorRef>;
  readonly key?: string;
  /** Names of what lies beside the tensors. */
  readonly others?: readonly string[];
}

/** Dicts inside each other in which a state dict is looked for. */
const MAX_DEPTH = 4;
/** Longer lists hold an optimizer's values, not state dicts. */
const MAX_LIST = 16;

/** Entries by name of a dict, a list or a tuple. */
function entriesOf(value: Value): readonly (readonly [name: string, value: Value])[] {
  if (isMap(value)) return [...value].filter((entry): entry is [string, Value] => typeof entry[0] === 'string');
  return Array.isArray(value) && value.length <= MAX_LIST ? value.map((each, i) => [String(i), each] as const) : [];
}

/** The dicts and lists inside a value, by name. What has a dot in its name belongs to a module, and is no wrapping. */
const insideOf = (value: Value): (readonly [name: string, value: Value])[] =>
  entriesOf(value).filter(([name, each]) => !name.includes('.') && (isMap(each) || Array.isArray(each)));

const holdsTensors = (value: Value): value is Dict => isMap(value) && [...value.values()].some(isTensor);

/** Returns true if a dict holds a kernel or a matrix: every net has one, an average or a loss has none. */
const holdsKernel = ({ dict }: Entry): boolean =>
  [...dict.values()].some((value) => value instanceof TensorRef && value.view.shape.length > 1);

/** The state dicts in a value, of those that lie least deep. */
function stateDictsIn(value: Value, at: string): readonly Entry[] {
  const seen = new Set<Value>();
  let level: (readonly [path: string, value: Value])[] = [[at, value]];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    const dicts = level.flatMap(([path, dict]) =>
      holdsTensors(dict) && !insideOf(dict).some(([, each]) => isMap(each)) ? [{ path, dict }] : [],
    );
    const nets = dicts.filter(holdsKernel);
    if (dicts.length > 0) return nets.length > 0 ? nets : dicts;
    level = level.flatMap(([path, outer]) =>
      insideOf(outer).flatMap(([name, inner]) => {
        if (seen.has(inner)) return [];
        seen.add(inner);
        return [[path === '' ? name : `${path}.${name}`, inner] as const];
      }),
    );
  }
  return holdsTensors(value) || (isMap(value) && value.size === 0) ? [{ path: at, dict: value }] : [];
}

/** The value under names with dots between them; undefined if there is none. */
function valueAt(value: Value, path: string): Value {
  const entries = new Map(entriesOf(value));
  if (entries.has(path)) return entries.get(path);
  for (let dot = path.indexOf('.'); dot !== -1; dot = path.indexOf('.', dot + 1)) {
    const found = valueAt(entries.get(path.slice(0, dot)), path.slice(dot + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The part of a key that leads to a value, and the rest, with which the names of its tensors begin. */
function splitKey(value: Value, key: string): { value: Value; path: string; rest: string | undefined } {
  for (let end = key.length; end > 0; end = key.lastIndexOf('.', end - 1)) {
    const path = key.slice(0, end);
    const found = valueAt(value, path);
    if (found !== undefined) return { value: found, path, rest: end < key.length ? key.slice(end + 1) : undefined };
  }
  return { value, path: '', rest: key };
}

/**
 * The state dict that a file's pickle is, or holds in dicts of any names.
 * @param key where it lies. Default: there is one alone.
 */
export function findStateDict(pickle: Value, name: string, key?: string): FoundStateDict {
  const { value, path, rest } =
    key === undefined ? { value: pickle, path: '', rest: undefined } : splitKey(pickle, key);
  const [found, ...more] = stateDictsIn(value, path);
  if (!found) throw noStateDict(pickle, value, name);
  if (more.length > 0) {
    const paths = [found, ...more].map((each) => each.path);
    throw new CnnzooError(
      'FORMAT',
      `'${name}' holds ${paths.length} state dicts, ${listed(paths)}: name one of them, e.g. by key: '${describe(paths[0])}'.`,
    );
  }
  const all = tensorsOf(found.dict, name);
  const tensors = rest === undefined ? all : underKey(all, rest, name);
  const outer = found.path.split('.')[0];
  const others = [
    ...(found.path === '' ? [] : entriesOf(pickle).filter(([each]) => each !== outer)),
    ...entriesOf(found.dict).filter(([, each]) => !isTensor(each)),
  ].map(([each]) => each);
  const where = [found.path, rest].filter((part) => part).join('.');
  return { tensors, ...(where && { key: where }), ...(others.length > 0 && { others }) };
}

function tensorsOf(dict: Dict, name: string): Map<string, TensorRef> {
  const tensors = new Map<string, TensorRef>();
  for (const [key, tensor] of dict) {
    if (typeof key !== 'string')
      throw new CnnzooError('FORMAT', `'${name}': expected names as keys, received ${describe(key)}.`);
    if (tensor instanceof UnreadableTensor) throw unreadable(key, tensor, name);
    if (tensor instanceof TensorRef) tensors.set(key, tensor);
  }
  return tensors;
}

function noStateDict(pickle: Value, value: Value, name: string): CnnzooError {
  refuseInert([value, ...entriesOf(value).map(([, each]) => each)], name);
  const received = isMap(value) ? `a dict of ${listed([...value.keys()].map(describe))}` : describe(value);
  const where = value === pickle ? '' : ` under the key, beside ${listed(entriesOf(pickle).map(([each]) => each))}`;
  return new CnnzooError(
    'FORMAT',
    `'${name}': expected a state dict (names to tensors), or one in a dict; received ${received}${where}.`,
  );
}

function unreadable(key: string, { what, instead }: UnreadableTensor, name: string): CnnzooError {
  return new CnnzooError(
    'FORMAT',
    `'${name}' holds '${describe(key)}' as ${what}: expected plain values. To fix this, save ${instead} in its place ` +
      '(t: the tensor), in Python.',
  );
}

const isModule = ({ state }: Inert): boolean => isMap(state) && state.has('_modules') && state.has('_parameters');

/** Throws if a state dict, or something in its place, is an object of a class that only a Python program has. */
function refuseInert(candidates: readonly Value[], name: string): void {
  for (const candidate of candidates) {
    const inert = isMap(candidate) ? [...candidate].find(([, entry]) => entry instanceof Inert) : undefined;
    const [key, object] = candidate instanceof Inert ? [undefined, candidate] : (inert ?? []);
    if (!(object instanceof Inert)) continue;
    throw new CnnzooError(
      'UNSAFE',
      isModule(object)
        ? `'${name}' holds a whole model, ${describe(object)}, which only the Python program that it was written by can ` +
            'build; nothing of it was run. Save its state dict there: ' +
            'torch.save(torch.load(path, weights_only=False).state_dict(), other).'
        : `'${name}' holds ${describe(object)}${key === undefined ? '' : ` under '${describe(key)}'`} in the place of ` +
            'tensors; nothing of it was run. Save the state dict alone: torch.save(model.state_dict(), path), or as safetensors.',
    );
  }
}
