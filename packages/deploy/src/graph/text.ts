import type { ConvNode, GraphNode, GraphValue, InferenceGraph, Padding } from './graph.js';

const shapeOf = ({ shape }: GraphValue): string => `[${shape.map((extent) => extent ?? '?').join(', ')}]`;

const isZero = (padding: Padding): boolean => padding.flat().every((pixels) => pixels === 0);

const pairText = ([rows, columns]: readonly [number, number]): string =>
  rows === columns ? String(rows) : `${rows} x ${columns}`;

const paddingText = (padding: Padding): string =>
  new Set(padding.flat()).size === 1 ? String(padding[0][0]) : padding.map((sides) => sides.join('+')).join(' x ');

function windowText({ stride, padding }: Pick<ConvNode, 'stride' | 'padding'>): string {
  const parts = [`stride ${pairText(stride)}`];
  if (!isZero(padding)) parts.push(`padding ${paddingText(padding)}`);
  return parts.join(', ');
}

/** Returns the operation of a node and its settings, without what is fused into it: 'conv 3 x 3', 'stride 2, padding 1'. */
export function operationOf(node: GraphNode): readonly [operation: string, ...settings: string[]] {
  const parts: [string, ...string[]] = [node.op];
  switch (node.op) {
    case 'conv': {
      const [h, w] = node.weight.shape;
      parts[0] += ` ${h} x ${w}`;
      parts.push(windowText(node));
      if (Math.max(...node.dilation) > 1) parts.push(`dilation ${pairText(node.dilation)}`);
      if (node.groups > 1) parts.push(`${node.groups} groups`);
      break;
    }
    case 'pool':
      parts[0] = `${node.operator}-pool ${node.size.join(' x ')}`;
      parts.push(windowText(node));
      if (node.ceilMode) parts.push('ceil mode');
      break;
    case 'global-pool':
      parts[0] = `global ${node.operator}-pool`;
      break;
    case 'adaptive-pool':
      parts[0] += ` to ${node.size.join(' x ')}`;
      break;
    case 'binary':
      parts[0] = node.operator;
      break;
    case 'activation':
      parts[0] = node.activation.kind;
      break;
    case 'concat':
      parts.push(`axis ${node.axis}`);
      break;
    case 'transpose':
      parts.push(node.order.join(' '));
      break;
    case 'group-norm':
      parts.push(`${node.groups} groups`);
      break;
    case 'upsample':
      parts.push(pairText(node.size), node.interpolation);
      break;
    default:
      break;
  }
  return parts;
}

/** Returns true if ReLU is computed with the node. */
export const hasRelu = (node: object): boolean => 'relu' in node && node.relu === true;

/** Returns the facts about a node beside its values: 'conv 3 x 3, stride 2, padding 1, relu'. */
const detailsOf = (node: GraphNode): string => [...operationOf(node), ...(hasRelu(node) ? ['relu'] : [])].join(', ');

/** Returns a graph as a table: a line for each node, with its name, inputs, operation and shape. */
export function textOf({ name, inputs, outputs, nodes }: InferenceGraph): string {
  const rows = [
    ...inputs.map((value) => [value.name, '', 'input', shapeOf(value)]),
    ...nodes.map((node) => [
      node.name,
      node.inputs.map((input) => input.name).join(', '),
      detailsOf(node),
      shapeOf(node.output),
    ]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [`${name}: ${nodes.length} nodes`, ...lines, `outputs: ${outputs.map((value) => value.name).join(', ')}`].join(
    '\n',
  );
}
