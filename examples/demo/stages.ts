import { summary, useBackend } from '@cnnzoo/core';
import { magnitude } from '@cnnzoo/report';
import { resnet18 } from '@cnnzoo/resnet';

/** Group of layers with a common prefix (`layer1.0.conv1`, …), shown as one line. */
export interface Stage {
  readonly name: string;
  /** Height x width x channels, or features. */
  readonly output: readonly (number | null)[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Side of the receptive field in input pixels; null for the whole image. */
  readonly sees: number | null;
}

/** Summarizes ResNet-18 at 224 px, untrained, by stages. */
export async function resnet18Stages(): Promise<Stage[]> {
  await useBackend();
  const net = resnet18();
  const stages = new Map<string, Stage>();
  for (const { name, output, parameters, multiplyAdds, receptiveField } of summary(net).rows) {
    const stage = name.split('.')[0]!;
    const before = stages.get(stage);
    stages.set(stage, {
      name: stage,
      output,
      parameters: (before?.parameters ?? 0) + parameters,
      multiplyAdds: (before?.multiplyAdds ?? 0) + (multiplyAdds ?? 0),
      sees: receptiveField?.[0] ?? null,
    });
  }
  net.dispose();
  return [...stages.values()];
}

/** Returns the stages as a table of text: headings, rows, total. */
export function stageTable(stages: readonly Stage[]): string[][] {
  const line = ({ name, output, parameters, multiplyAdds, sees }: Stage): string[] => [
    name,
    output.join(' x '),
    parameters ? parameters.toLocaleString('en-US') : '',
    multiplyAdds ? magnitude(multiplyAdds) : '',
    sees === null ? 'all' : `${sees} px`,
  ];
  const total = (key: 'parameters' | 'multiplyAdds'): number => stages.reduce((sum, stage) => sum + stage[key], 0);
  return [
    ['stage', 'output', 'parameters', 'multiply-adds', 'a value sees'],
    ...stages.map(line),
    ['total', '', total('parameters').toLocaleString('en-US'), magnitude(total('multiplyAdds')), ''],
  ];
}
