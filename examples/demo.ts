/**
 * Demo on real input: reads the 10,000 MNIST test digits with the LeNet that ships and draws some of them, writes
 * out/demo.html and out/digits.svg, and prints the stages of ResNet-18. With a ResNet checkpoint at hand, it also
 * classifies photographs. Nothing is downloaded.
 *
 *   npx --yes pnpm@12.21.0 demo
 *   npx --yes pnpm@12.21.0 demo ~/Downloads/resnet50-11ad3fa6.pth
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { useBackend } from '@cnnzoo/core';
import { lenet5_relu } from '@cnnzoo/lenet';
import { confusion, mistakes, oneOfEach } from './demo/digits.js';
import { findPhotographer, photographs } from './demo/photographs.js';
import { renderPicture } from './demo/picture.js';
import { readDigits, testSet } from './demo/read-digits.js';
import { renderReport } from './demo/report.js';
import { resnet18Stages, stageTable } from './demo/stages.js';
import { bold, dim, drawConfusion, drawPredictions, drawRow, drawTable, heading } from './demo/terminal.js';

const root = fileURLToPath(new URL('..', import.meta.url));

async function digits() {
  heading('1  Handwritten digits');
  const net = await lenet5_relu.pretrained();
  const { digits: all, seconds } = await readDigits(net, await testSet());
  net.dispose();
  const wrong = mistakes(all);
  const accuracy = `${((1 - wrong.length / all.length) * 100).toFixed(2)} %`;
  console.log(`  lenet5_relu read ${bold(accuracy)} of ${all.length.toLocaleString('en-US')} test digits correctly`);
  console.log(dim(`  ${wrong.length} mistakes, ${seconds.toFixed(1)} s\n`));
  drawRow(oneOfEach(all));
  drawRow(wrong);
  drawConfusion(confusion(all));
  return { all, milliseconds: (seconds * 1000) / all.length };
}

async function stages() {
  heading('2  ResNet-18, stage by stage');
  const table = stageTable(await resnet18Stages());
  drawTable(table);
  return table;
}

async function photos() {
  heading('3  Photographs');
  const photographer = await findPhotographer(process.argv[2] ?? process.env.CNNZOO_DEMO_WEIGHTS);
  if (!photographer) {
    console.log('  No ResNet checkpoint is on this machine, so nobody looked at examples/photos.');
    console.log('  With a network, this downloads one (45 MiB), and the demo finds it in the cache:\n');
    console.log('    npx cnnzoo classify examples/photos/chelsea.png --model resnet18\n');
    console.log("  Or give a file of torchvision's, named as published:\n");
    console.log('    npx --yes pnpm@12.21.0 demo ~/Downloads/resnet18-f37072fd.pth');
    return { photographer: undefined, photographs: [] };
  }
  console.log(dim(`  ${photographer.name}\n`));
  const seen = await photographs(photographer);
  for (const { file, predictions } of seen) {
    console.log(`  ${file}`);
    drawPredictions(predictions);
    console.log();
  }
  return { photographer: photographer.name, photographs: seen };
}

async function main(): Promise<void> {
  const backend = await useBackend();
  const { all, milliseconds } = await digits();
  const page = { digits: all, milliseconds, backend, stages: await stages(), ...(await photos()) };
  await mkdir(`${root}out`, { recursive: true });
  await writeFile(`${root}out/demo.html`, renderReport(page));
  await writeFile(`${root}out/digits.svg`, renderPicture(all));
  console.log(`\n${bold('Report:')} out/demo.html, and out/digits.svg as a picture`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error && error.name === 'CnnzooError' ? error.message : error);
  process.exitCode = 1;
});
