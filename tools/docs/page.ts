/** Page of one family. */
import { type ModelDefinition, type Summary, summary } from '@cnnzoo/core';
import { graphOf } from './diagram/graph.js';
import { extents } from './diagram/node-box.js';
import { accuracyOf, entriesOf } from './entries.js';
import { codeOf } from './example.js';
import { type Family, modelOf } from './family.js';
import { blocks, type Cell, code, generated, table } from './markdown.js';
import type { Nets } from './nets.js';
import { type Training, trainingSection } from './training.js';
import { variantTable } from './variants.js';

export const figurePath = (family: string, figure: string): string => `${family}/${figure}.svg`;

const figures = (family: Family): string =>
  family.figures
    .map(({ name, caption, model }) => `### ${caption}\n\n![${caption} (${model})](${figurePath(family.name, name)})`)
    .join('\n\n');

const sum = (rows: Summary['rows'], of: (row: Summary['rows'][number]) => number | null): number =>
  rows.reduce((total, row) => total + (of(row) ?? 0), 0);

/** Layers that a diagram of the same depth would show as one node form one row. */
function layerTable(family: Family, nets: Nets): string {
  const definition = modelOf(family, family.table.model);
  const net = nets.of(definition);
  const { rows, parameters, multiplyAdds } = summary(net);
  const byName = new Map(rows.map((row) => [row.name, row]));
  const lines = graphOf(net, family.table).nodes.map((node): Cell[] => {
    const members = node.layers.map((name) => byName.get(name)!);
    const field = members.at(-1)!.receptiveField;
    return [
      code(node.path),
      [node.text, ...node.after.map(({ text }) => text)].join(', '),
      extents(node.output),
      sum(members, (row) => row.parameters) || null,
      sum(members, (row) => row.multiplyAdds) || null,
      field ? extents(field) : 'whole image',
    ];
  });
  return table(
    ['layer', 'what it does', '>output', '>parameters', '>multiply-adds', '>receptive field'],
    [...lines, ['**all**', '', '', parameters, multiplyAdds, '']],
  );
}

const link = (text: string, url: string): string => (/^https?:/.test(url) ? `[${text}](${url})` : text);

function weightsTable(models: readonly ModelDefinition[]): string {
  const rows = models.flatMap((definition) =>
    entriesOf(definition).map((entry): Cell[] => [
      code(definition.name),
      code(entry.name),
      accuracyOf(entry)?.top1,
      `${entry.fileSize} MiB`,
      entry.sources.map(({ kind, url }) => link(kind, url)).join(', '),
      entry.licence,
      /^https?:/.test(entry.recipe) ? link('recipe', entry.recipe) : code(entry.recipe),
    ]),
  );
  if (rows.length === 0) return 'None is published: train it, or load a state dict of your own.';
  return table(['model', 'entry', '>top-1 %', '>file', 'sources', 'licence', 'recipe'], rows);
}

export function familyPage(family: Family, nets: Nets, trainings: readonly Training[]): string {
  return blocks(
    generated,
    `# ${family.title}`,
    `[All architectures](../architectures.md) · [the package](../../packages/${family.name}/README.md)`,
    '## The idea',
    family.idea,
    '## Diagrams',
    'Drawn from the built net. `/2` is a stride of 2; beside each arrow is the shape of what passes: height x width x ' +
      'channels, or features. What follows a layer at once stands under it. In small: the path in the state dict.',
    figures(family),
    `## Layers of ${code(family.table.model)}`,
    layerTable(family, nets),
    '## Variants',
    variantTable(family.models, nets),
    "Parameters, multiply-adds and accuracy of torchvision's weights are those that it publishes with them; those " +
      'without weights are counted by `summary`.',
    '## Weights',
    weightsTable(family.models),
    ...trainingSection(family.name, trainings),
    '## Code',
    codeOf(family, nets),
  );
}
