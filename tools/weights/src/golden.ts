/**
 * golden [NAME...]: computes with PyTorch the goldens that the tests compare with, and writes them where they are
 * committed.
 */
import { writeFileAtomic } from '@cnnzoo/core/internal';
import { members } from './families.js';
import { askPython, goldenPath, sizesOf } from './goldens.js';
import { run } from './run.js';

await run(async () => {
  for (const { family, name, definition } of members(process.argv.slice(2))) {
    const path = goldenPath(family, name);
    const golden = askPython(name, sizesOf(definition), {
      head: definition.head,
      aux: definition.auxiliaryHeads.length > 0,
    });
    await writeFileAtomic(path, [new TextEncoder().encode(golden)]);
    console.log(path);
  }
});
