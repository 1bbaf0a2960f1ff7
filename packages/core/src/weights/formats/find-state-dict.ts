import { isMap } from '../../bytes.js';
import { CnnzooError } from '../../errors.js';
import { describe, Inert, type Value } from './pickle.js';
import { isTensor, type TensorRef, UnreadableTensor } from './torch-refs.js';

/** What training scripts wrap a state dict in. */
const WRAPPERS = ['state_dict', 'model', 'model_state_dict'];

const holdsTensors = (value: Value): value is Map<Value, Value> =>
  isMap(value) && value.size > 0 && [...value.values()].every(isTensor);

/** The state dict that a file's pickle is, or that it wraps. */
export function findStateDict(value: Value, name: string): Map<string, TensorRef> {
  const wrapped = isMap(value) ? WRAPPERS.map((key) => value.get(key)) : [];
  const found = holdsTensors(value) || (isMap(value) && value.size === 0) ? value : wrapped.find(holdsTensors);
  if (!found || wrapped.filter(holdsTensors).length > 1) {
    refuseInert([value, ...wrapped], name);
    const keys = isMap(value)
      ? `a dict of ${[...value.keys()].slice(0, 20).map(describe).join(', ')}`
      : describe(value);
    throw new CnnzooError(
      'FORMAT',
      `'${name}': expected a state dict (names to tensors), or one under ${WRAPPERS.join(', ')}; received ${keys}.`,
    );
  }
  const tensors = new Map<string, TensorRef>();
  for (const [key, tensor] of found) {
    if (typeof key !== 'string')
      throw new CnnzooError('FORMAT', `'${name}': expected names as keys, received ${describe(key)}.`);
    if (tensor instanceof UnreadableTensor) throw unreadable(key, tensor, name);
    tensors.set(key, tensor as TensorRef);
  }
  return tensors;
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
