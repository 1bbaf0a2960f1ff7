import { Header, Op } from './ops';
import { probe } from './probe';

/**
 * Every thread runs this on the same descriptor, each with scratch memory of its own, until no task is left.
 * No heap and no shadow stack: one module, one memory, one instance a thread.
 */
export function run(d: usize, scratch: usize): void {
  const op = load<i32>(d + ((<usize>Header.op) << 2));
  const tasks = load<i32>(d + ((<usize>Header.tasks) << 2));
  const next = d + ((<usize>Header.next) << 2);
  for (let task = atomic.add<i32>(next, 1); task < tasks; task = atomic.add<i32>(next, 1)) {
    switch (op) {
      case Op.Probe:
        probe(d, task);
        break;
      default:
        unreachable();
    }
  }
}
