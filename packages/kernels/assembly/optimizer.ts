// Steps of optimizers over flat tensors. Everything is read and written once.
import { address, float, word } from './descriptor';
import { storeLanes } from './lanes';
import { OptimizerField } from './optimizer-fields';
import { multiplyAdd } from './simd';

/** Runs stochastic gradient descent with momentum, as torch.optim.SGD without dampening. */
export function sgd(d: usize, task: i32): void {
  const first = task * word(d, OptimizerField.lengthPerTask);
  const end = min(first + word(d, OptimizerField.lengthPerTask), word(d, OptimizerField.length));
  const start = (<usize>first) << 2;
  let parameter = address(d, OptimizerField.parameter) + start;
  let parameterOut = address(d, OptimizerField.parameterOut) + start;
  let gradient = address(d, OptimizerField.gradient) + start;
  let velocity = address(d, OptimizerField.moment) + start;
  let velocityOut = address(d, OptimizerField.momentOut) + start;
  const descent = f32x4.splat(-float(d, OptimizerField.rate));
  const momentum = f32x4.splat(float(d, OptimizerField.momentDecay));
  const decay = float(d, OptimizerField.weightDecay);
  const decays = decay !== 0;
  const weightDecay = f32x4.splat(decay);
  const nesterov = word(d, OptimizerField.nesterov) !== 0;
  const hasVelocity = word(d, OptimizerField.moment) !== 0;

  for (let i = first; i < end; i += 4) {
    const w = v128.load(parameter);
    let g = v128.load(gradient);
    // Without this test, zero times infinity would give NaN.
    if (decays) g = multiplyAdd(w, weightDecay, g);
    let direction = g;
    if (hasVelocity) {
      const v = multiplyAdd(v128.load(velocity), momentum, g);
      direction = nesterov ? multiplyAdd(v, momentum, g) : v;
      storeLanes(velocityOut, v, end - i);
    }
    storeLanes(parameterOut, multiplyAdd(direction, descent, w), end - i);
    parameter += 16;
    parameterOut += 16;
    gradient += 16;
    velocity += 16;
    velocityOut += 16;
  }
}

/** Runs Adam with decoupled weight decay, as torch.optim.AdamW. */
export function adamW(d: usize, task: i32): void {
  const first = task * word(d, OptimizerField.lengthPerTask);
  const end = min(first + word(d, OptimizerField.lengthPerTask), word(d, OptimizerField.length));
  const start = (<usize>first) << 2;
  let parameter = address(d, OptimizerField.parameter) + start;
  let parameterOut = address(d, OptimizerField.parameterOut) + start;
  let gradient = address(d, OptimizerField.gradient) + start;
  let moment = address(d, OptimizerField.moment) + start;
  let momentOut = address(d, OptimizerField.momentOut) + start;
  let square = address(d, OptimizerField.square) + start;
  let squareOut = address(d, OptimizerField.squareOut) + start;
  const descent = f32x4.splat(-float(d, OptimizerField.rate));
  const momentDecay = f32x4.splat(float(d, OptimizerField.momentDecay));
  const momentShare = f32x4.splat(float(d, OptimizerField.momentShare));
  const squareDecay = f32x4.splat(float(d, OptimizerField.squareDecay));
  const squareShare = f32x4.splat(float(d, OptimizerField.squareShare));
  const left = f32x4.splat(float(d, OptimizerField.weightDecay));
  const rootCorrection = f32x4.splat(float(d, OptimizerField.rootCorrection));
  const epsilon = f32x4.splat(float(d, OptimizerField.epsilon));

  for (let i = first; i < end; i += 4) {
    const g = v128.load(gradient);
    const m = multiplyAdd(v128.load(moment), momentDecay, f32x4.mul(g, momentShare));
    const v = multiplyAdd(v128.load(square), squareDecay, f32x4.mul(f32x4.mul(g, g), squareShare));
    const direction = f32x4.div(m, multiplyAdd(f32x4.sqrt(v), rootCorrection, epsilon));
    const w = multiplyAdd(direction, descent, f32x4.mul(v128.load(parameter), left));
    storeLanes(momentOut, m, end - i);
    storeLanes(squareOut, v, end - i);
    storeLanes(parameterOut, w, end - i);
    parameter += 16;
    parameterOut += 16;
    gradient += 16;
    moment += 16;
    momentOut += 16;
    square += 16;
    squareOut += 16;
  }
}
