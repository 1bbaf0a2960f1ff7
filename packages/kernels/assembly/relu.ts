// ReLUs and their gradient.
import { address, float, word } from './descriptor';
import { storeLanes } from './lanes';
import { ClampField, ReluField } from './relu-fields';

/** Returns the gradient of a ReLU's input, given the ReLU's output y. As in PyTorch, it passes where y is NaN. */
export function throughRelu(gradient: v128, y: v128): v128 {
  return v128.andnot(gradient, f32x4.le(y, f32x4.splat(0)));
}

/** Clamps values to 0 and `most`. NaN stays. */
export function clamp(d: usize, task: i32): void {
  const first = task * word(d, ClampField.lengthPerTask);
  const end = min(first + word(d, ClampField.lengthPerTask), word(d, ClampField.length));
  const start = (<usize>first) << 2;
  let from = address(d, ClampField.input) + start;
  let to = address(d, ClampField.output) + start;
  const least = f32x4.splat(0);
  const most = f32x4.splat(float(d, ClampField.most));

  // Values beyond a bound become the bound, in one instruction each. No comparison with NaN holds, so NaN stays.
  let i = first;
  for (; i + 16 <= end; i += 16) {
    v128.store(to, f32x4.pmin(f32x4.pmax(v128.load(from), least), most));
    v128.store(to, f32x4.pmin(f32x4.pmax(v128.load(from, 16), least), most), 16);
    v128.store(to, f32x4.pmin(f32x4.pmax(v128.load(from, 32), least), most), 32);
    v128.store(to, f32x4.pmin(f32x4.pmax(v128.load(from, 48), least), most), 48);
    from += 64;
    to += 64;
  }
  for (; i < end; i += 4) {
    storeLanes(to, f32x4.pmin(f32x4.pmax(v128.load(from), least), most), end - i);
    from += 16;
    to += 16;
  }
}

export function reluGradient(d: usize, task: i32): void {
  const first = task * word(d, ReluField.lengthPerTask);
  const end = min(first + word(d, ReluField.lengthPerTask), word(d, ReluField.length));
  const start = (<usize>first) << 2;
  let y = address(d, ReluField.output) + start;
  let gradient = address(d, ReluField.outputGradient) + start;
  let inputGradient = address(d, ReluField.inputGradient) + start;

  let i = first;
  for (; i + 16 <= end; i += 16) {
    v128.store(inputGradient, throughRelu(v128.load(gradient), v128.load(y)));
    v128.store(inputGradient, throughRelu(v128.load(gradient, 16), v128.load(y, 16)), 16);
    v128.store(inputGradient, throughRelu(v128.load(gradient, 32), v128.load(y, 32)), 32);
    v128.store(inputGradient, throughRelu(v128.load(gradient, 48), v128.load(y, 48)), 48);
    y += 64;
    gradient += 64;
    inputGradient += 64;
  }
  for (; i < end; i += 4) {
    storeLanes(inputGradient, throughRelu(v128.load(gradient), v128.load(y)), end - i);
    y += 16;
    gradient += 16;
    inputGradient += 16;
  }
}
