// Gradient of a ReLU.
import { address, word } from './descriptor';
import { storeLanes } from './lanes';
import { ReluField } from './relu-fields';

/** The gradient in front of a ReLU with output y: where y is NaN, NaN. */
export function throughRelu(gradient: v128, y: v128): v128 {
  const passed = v128.and(gradient, f32x4.gt(y, f32x4.splat(0)));
  return v128.or(passed, v128.and(y, f32x4.ne(y, y)));
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
