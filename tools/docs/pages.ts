/** Generated files by their path under docs/. */
import { chart } from './chart.js';
import { diagram } from './diagram/diagram.js';
import { families, modelOf } from './family.js';
import { Nets } from './nets.js';
import { overview } from './overview.js';
import { familyPage, figurePath } from './page.js';
import { trainingCurves, trainingPath, trainingsOf } from './training.js';

/** Generates all files. A backend has to be set. */
export function pages(): Map<string, string> {
  const all = families();
  const files = new Map<string, string>();
  const nets = new Nets();
  try {
    files.set('architectures.md', overview(all, nets));
    files.set('architectures/comparison.svg', chart(all));
    for (const family of all) {
      const trainings = trainingsOf(family);
      files.set(`architectures/${family.name}.md`, familyPage(family, nets, trainings));
      for (const { name, model, caption, options, ...view } of family.figures) {
        const net = nets.of(modelOf(family, model), options);
        const picture = diagram(net, { ...view, title: `${caption} (${model})` });
        files.set(`architectures/${figurePath(family.name, name)}`, picture);
      }
      for (const training of trainings)
        files.set(`architectures/${trainingPath(family.name, training.model)}`, trainingCurves(training));
      nets.dispose();
    }
    return files;
  } finally {
    nets.dispose();
  }
}
