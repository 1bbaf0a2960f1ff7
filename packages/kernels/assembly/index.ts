import { batchNormMap } from './batch-norm';
import { batchNormGradientMap, batchNormGradientSums } from './batch-norm-gradient';
import { batchNormStatistics } from './batch-norm-statistics';
import { columnSums } from './column-sums';
import { convolve } from './convolve';
import { filterGradient } from './filter-gradient';
import { int8Convolve } from './int8-convolve';
import { int8Map } from './int8-map';
import { int8AveragePool, int8MaxPool } from './int8-pool';
import { int8Winograd } from './int8-winograd';
import { transformInt8Filter } from './int8-winograd-filter';
import { Header, Op } from './ops';
import { adamW, sgd } from './optimizer';
import { packPanels } from './panels';
import { averagePool, maxPool } from './pool';
import { averagePoolGradient, maxPoolGradient } from './pool-gradient';
import { probe } from './probe';
import { clamp, reluGradient } from './relu';
import {
  transformFilter3x3,
  transformFilterGradient3x3,
  transformGradient3x3,
  transformInput3x3,
  transformOutput3x3,
} from './winograd-3x3';
import { transformFilter4x4, winograd4x4 } from './winograd-4x4';
import { transformFilterGradient4x4, transformGradient4x4 } from './winograd-4x4-gradient';
import {
  transformFilter5x5,
  transformFilterGradient5x5,
  transformGradient5x5,
  transformOutput5x5,
} from './winograd-5x5';
import { transformInput6x6 } from './winograd-6x6';

/**
 * Runs tasks of a descriptor until none is left. Every thread calls it on the same descriptor, with scratch memory of
 * its own. There is no heap and no shadow stack, so each thread has its own instance of one module over one memory.
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
      case Op.TransformInput3x3:
        transformInput3x3(d, task);
        break;
      case Op.TransformGradient3x3:
        transformGradient3x3(d, task);
        break;
      case Op.TransformOutput3x3:
        transformOutput3x3(d, task);
        break;
      case Op.TransformFilter3x3:
        transformFilter3x3(d, task, scratch);
        break;
      case Op.TransformFilterGradient3x3:
        transformFilterGradient3x3(d, task);
        break;
      case Op.TransformInput6x6:
        transformInput6x6(d, task, scratch);
        break;
      case Op.TransformGradient5x5:
        transformGradient5x5(d, task, scratch);
        break;
      case Op.TransformOutput5x5:
        transformOutput5x5(d, task, scratch);
        break;
      case Op.TransformFilter5x5:
        transformFilter5x5(d, task, scratch);
        break;
      case Op.TransformFilterGradient5x5:
        transformFilterGradient5x5(d, task, scratch);
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
      case Op.Clamp:
        clamp(d, task);
        break;
      case Op.Int8Convolve:
        int8Convolve(d, task, scratch);
        break;
      case Op.Int8Winograd:
        int8Winograd(d, task, scratch);
        break;
      case Op.Int8MaxPool:
        int8MaxPool(d, task);
        break;
      case Op.Int8AveragePool:
        int8AveragePool(d, task);
        break;
      case Op.Int8Map:
        int8Map(d, task);
        break;
      case Op.Int8WinogradFilter:
        transformInt8Filter(d, task);
        break;
      case Op.Winograd4x4:
        winograd4x4(d, task, scratch);
        break;
      case Op.TransformFilter4x4:
        transformFilter4x4(d, task, scratch);
        break;
      case Op.TransformGradient4x4:
        transformGradient4x4(d, task, scratch);
        break;
      case Op.TransformFilterGradient4x4:
        transformFilterGradient4x4(d, task, scratch);
        break;
      default:
        unreachable();
    }
  }
}
