import { batchNormMap } from './batch-norm';
import { batchNormGradientMap, batchNormGradientSums } from './batch-norm-gradient';
import { batchNormStatistics } from './batch-norm-statistics';
import { columnSums } from './column-sums';
import { convolve } from './convolve';
import { filterGradient } from './filter-gradient';
import { Header, Op } from './ops';
import { adamW, sgd } from './optimizer';
import { packPanels } from './panels';
import { averagePool, maxPool } from './pool';
import { averagePoolGradient, maxPoolGradient } from './pool-gradient';
import { probe } from './probe';
import { reluGradient } from './relu';
import {
  transformFilter,
  transformFilterGradient,
  transformGradient,
  transformInput,
  transformOutput,
} from './winograd';

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
      case Op.PackPanels:
        packPanels(d, task);
        break;
      case Op.Convolve:
        convolve(d, task, scratch);
        break;
      case Op.FilterGradient:
        filterGradient(d, task, scratch);
        break;
      case Op.TransformInput:
        transformInput(d, task);
        break;
      case Op.TransformGradient:
        transformGradient(d, task);
        break;
      case Op.TransformOutput:
        transformOutput(d, task);
        break;
      case Op.TransformFilter:
        transformFilter(d, task, scratch);
        break;
      case Op.TransformFilterGradient:
        transformFilterGradient(d, task);
        break;
      case Op.MaxPool:
        maxPool(d, task);
        break;
      case Op.MaxPoolGradient:
        maxPoolGradient(d, task);
        break;
      case Op.AveragePool:
        averagePool(d, task);
        break;
      case Op.AveragePoolGradient:
        averagePoolGradient(d, task);
        break;
      case Op.BatchNormStatistics:
        batchNormStatistics(d, task, scratch);
        break;
      case Op.BatchNormMap:
        batchNormMap(d, task);
        break;
      case Op.BatchNormGradientSums:
        batchNormGradientSums(d, task);
        break;
      case Op.BatchNormGradientMap:
        batchNormGradientMap(d, task);
        break;
      case Op.ColumnSums:
        columnSums(d, task);
        break;
      case Op.Sgd:
        sgd(d, task);
        break;
      case Op.AdamW:
        adamW(d, task);
        break;
      case Op.ReluGradient:
        reluGradient(d, task);
        break;
      default:
        unreachable();
    }
  }
}
