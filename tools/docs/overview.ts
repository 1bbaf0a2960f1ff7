/** Page docs/architectures.md: the index of the families, and comparisons between them. */
import { heads, stackedConvolutions } from './costs.js';
import type { Family } from './family.js';
import { blocks, type Cell, code, generated, table } from './markdown.js';
import type { Nets } from './nets.js';
import { variantTable } from './variants.js';

const index = (families: readonly Family[]): string =>
  table(
    ['family', 'since', 'what it teaches', 'variants'],
    families.map(({ name, title, teaches, paper, models }): Cell[] => [
      `[${title}](architectures/${name}.md)`,
      `[${paper.year}](${paper.url} "${paper.title}")`,
      teaches,
      models.map((model) => code(model.name)).join(', '),
    ]),
  );

export const overview = (families: readonly Family[], nets: Nets): string =>
  blocks(
    generated,
    '# Architectures',
    'One page a family: the idea, its blocks drawn from the built net, every layer, every variant, the weights, the code.',
    index(families),
    '## Accuracy against computation',
    '![Top-1 accuracy on ImageNet-1K against multiply-adds](architectures/comparison.svg)',
    "Each disc is one set of torchvision's weights (V1, V2: the first and the second that it published), with the accuracy and the " +
      'multiply-adds at 224 px that torchvision publishes. A better recipe is worth more than depth: ResNet-50 with its ' +
      'second recipe is above ResNet-152 with its first, at about a third of the computation.',
    '## Small kernels, stacked',
    '[VGG](https://arxiv.org/abs/1409.1556) builds everything from 3x3 convolutions. Two of them see 5x5 pixels of their ' +
      'input, as one 5x5 does, with 18 C² parameters instead of 25 C² for C channels in and out, and with one ' +
      'nonlinearity more. Counted by `summary` on nets of these layers alone (without biases):',
    stackedConvolutions(),
    '## From the last map to the classes',
    'Flattening a map and connecting everything with everything is where AlexNet and VGG have most of their parameters. ' +
      '[NiN](https://arxiv.org/abs/1312.4400) gives each class a channel and takes its mean; ' +
      '[GoogLeNet](https://arxiv.org/abs/1409.4842) takes the mean of each channel, and one linear layer does the rest. ' +
      'Counted by `summary`, each way on the same map:',
    heads(),
    'Averaging fixes no size either: nets that end so take images of any size.',
    '## All variants',
    variantTable(
      families.flatMap(({ models }) => models),
      nets,
    ),
    'Parameters, multiply-adds and accuracy of weights by torchvision are as it publishes them ' +
      '([its list](https://docs.pytorch.org/vision/stable/models.html)); what has no weights is counted by `summary`.',
  );
