import { CnnzooError, identity, type Layer, type Norm } from '@cnnzoo/core/family';

/** @throws CnnzooError INPUT for a layer in the place of the function that makes it. */
export function checkNorm(norm: Norm): void {
  // A layer takes two arguments, a norm's options are one.
  if (typeof norm === 'function' && norm.length < 2 && (norm as unknown) !== identity) return;
  throw new CnnzooError(
    'INPUT',
    'norm: expected a function that makes a layer, such as (options) => groupNorm(32, options), ' +
      `received ${typeof norm === 'function' ? 'a layer' : String(norm)}.`,
  );
}

/** @throws CnnzooError INPUT for stages of anything but whole numbers of blocks, at least one. */
export function checkDepths(depths: readonly number[], stages: number): void {
  if (Array.isArray(depths) && depths.length === stages && depths.every((n) => Number.isInteger(n) && n > 0)) return;
  throw new CnnzooError(
    'INPUT',
    `Expected ${stages} whole numbers of blocks of at least 1, received ${String(depths)}.`,
  );
}

/** @throws CnnzooError INPUT where there is no weight to start at 0, or the norm starts it at 1 all the same. */
export function lastNorm(norm: Norm, zeroInit: boolean): Layer {
  if (typeof zeroInit !== 'boolean')
    throw new CnnzooError('INPUT', `zeroInit: expected true or false, received ${String(zeroInit)}.`);
  const layer = norm({ initial: zeroInit ? 'zeros' : 'ones' });
  if (!zeroInit) return layer;
  const refused = (received: string) =>
    new CnnzooError('INPUT', `zeroInit: expected a norm whose weight starts at 0, received ${received}.`);
  if (layer === identity) throw refused('identity');
  return (x, path) => {
    const y = layer(x, path);
    const { args } = y.sourceLayer as { args?: { initial?: unknown } };
    if (args?.initial === 'ones')
      throw refused('one that starts at 1: pass the options on, as in (options) => groupNorm(32, options)');
    return y;
  };
}
