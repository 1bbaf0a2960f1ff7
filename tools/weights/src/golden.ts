/** golden [NAME...]: asks PyTorch for the goldens that the tests compare with, and writes them where they are committed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { members } from './families.js';
import { askPython, goldenPath, sizesOf } from './goldens.js';
import { run } from './run.js';

await run(async () => {
  for (const { family, name, definition } of members(process.argv.slice(2))) {
    const path = goldenPath(family, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, askPython(name, sizesOf(definition)));
    console.log(path);
  }
});
