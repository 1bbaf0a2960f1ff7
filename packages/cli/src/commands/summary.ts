import { summary as summaryOf, useBackend } from '@cnnzoo/core';
import { graphSvg, inferenceGraph } from '@cnnzoo/deploy';
import { writeJson } from '../fault.js';
import { getModel } from '../models/index.js';
import { type CommonOptions, type Context, EXIT } from '../terminal/index.js';

export interface SummaryOptions extends CommonOptions {
  readonly input?: readonly [height: number, width: number];
  readonly svg?: boolean;
}

/** Builds the untrained model and prints its layers, or its drawing. */
export async function summary(name: string, { input, svg, json }: SummaryOptions, context: Context): Promise<number> {
  const model = getModel(name);
  const [height, width, channels] = model.inputShape;
  const inputShape = [...(input ?? [height, width]), channels] as typeof model.inputShape;
  await useBackend();
  const net = model({ inputShape });
  try {
    if (svg) {
      context.terminal.out((await graphSvg(inferenceGraph(net))).trimEnd());
      return EXIT.ok;
    }
    const { rows, parameters, multiplyAdds, ...rest } = summaryOf(net);
    if (json) writeJson(context, { model: rest.name, input: inputShape, parameters, multiplyAdds, layers: rows });
    else context.terminal.out(String(summaryOf(net)));
  } finally {
    net.dispose();
  }
  return EXIT.ok;
}
