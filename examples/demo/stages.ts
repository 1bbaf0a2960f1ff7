import { summary, useBackend } from '@cnnzoo/core';
import { magnitude } from '@cnnzoo/report';
import { resnet18 } from '@cnnzoo/resnet';

/** The layers that belong together (`layer1.0.conv1`, …) as one line. */
export interface Stage {
  readonly name: string;
  /** Height x width x channels, or features. */
  readonly output: readonly (number | null)[];
  readonly parameters: number;
  readonly multiplyAdds: number;
  /** Side in input pixels of what one value sees; null: the whole image. */
  readonly sees: number | null;
}

/** ResNet-18 at 224 px, untrained, stage by stage. */
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

/** The stages as lines of text under their heads, and the total. */
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
