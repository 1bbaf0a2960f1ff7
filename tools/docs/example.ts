/** Usage example of a family: the same lines for every family, with its own names and sizes. */
import { type NetNode, walk } from '@cnnzoo/core/internal';
import { describe } from './diagram/kind.js';
import { defaultOf } from './entries.js';
import { type Family, modelOf } from './family.js';
import type { Nets } from './nets.js';

/** Returns true for maps [n, h, w, c], but not for those transposed for flattening. */
const isMap = (node: NetNode): boolean => node.shape.length === 4 && describe(node).kind !== 'reshape';

/** Writes `code  // comment` lines with aligned comments. */
function aligned(lines: readonly (readonly [code: string, comment?: string])[]): string {
  const column = Math.max(...lines.filter(([, comment]) => comment).map(([code]) => code.length)) + 2;
  return lines.map(([code, comment]) => (comment ? `${code.padEnd(column)}// ${comment}` : code)).join('\n');
}

export function codeOf(family: Family, nets: Nets): string {
  const definition = modelOf(family, family.table.model);
  const net = nets.of(definition);
  const { name, head, inputShape } = definition;
  const { nodes } = walk(net);
  const first = nodes.find(({ path }) => path === head || path.startsWith(`${head}.`))!;
  const features = first.inputs[0]!.shape.at(-1);
  const entry = defaultOf(definition);
  const shape = inputShape.join(', ');
  const tap = nodes.findLast(isMap)!;
  const map = tap.shape.slice(1).join(', ');
  const trained: [string, string?][] = [
    [`const net = await ${name}.pretrained();`, `a Classifier, with ${entry?.name}`],
    ["const predictions = await net.classify('image.jpg');", 'the most probable classes, the best first'],
    ["const vector = await net.embed('image.jpg');", `what the head sees: Float32Array(${features})`],
    [`const maps = await net.activations('image.jpg', ['${tap.path}']);`, `tensors by name, yours: [1, ${map}]`],
    ['net.dispose();'],
    [''],
  ];
  const built: [string, string?][] = [
    ['await useBackend();'],
    [`const fresh = ${name}({ numClasses: 10 });`, `a tf.LayersModel: [n, ${shape}] -> [n, 10]`],
    [`const cut = ${name}({ numClasses: 0 });`, `without its head '${head}'`],
    ['console.log(String(summary(fresh)));', 'shapes, parameters, multiply-adds, receptive fields'],
  ];
  return [
    '```ts',
    "import { summary, useBackend } from '@cnnzoo/core';",
    `import { ${name} } from '@cnnzoo/${family.name}';`,
    '',
    aligned([...(entry ? trained : []), ...built]),
    '```',
  ].join('\n');
}
