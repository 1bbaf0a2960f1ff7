import type { EpochRecord } from '@cnnzoo/core/train';
import { lineChart, type Series } from '@cnnzoo/report';

/** Draws loss and top-1 of training and validation, epoch by epoch. */
export function curves(epochs: readonly EpochRecord[]): string {
  const series = (pick: (part: { loss: number; top1: number }) => number): Series[] => [
    { name: 'training', values: epochs.map(pick), faint: true },
    { name: 'validation', values: epochs.map(({ validation }) => (validation ? pick(validation) : Number.NaN)) },
  ];
  const [loss, top1] = [series(({ loss }) => loss), series(({ top1 }) => 100 * top1)];
  return `<div class="charts">
${lineChart({ title: 'loss (cross-entropy)', x: 'epoch', series: loss })}
${lineChart({ title: 'top-1 (%)', x: 'epoch', series: top1, limits: [0, 100] })}
</div>
<p class="soft">Training: the mean over the epoch, each image before the step that used it. Validation: after the epoch.
Where the validation loss rises while the training loss falls, the net learns its images by heart: fewer epochs, more
images or more augmentation help.</p>`;
}
