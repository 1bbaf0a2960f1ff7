import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Compiles AssemblyScript, given by its path in the package, to WebAssembly.
 *
 * @param features of WebAssembly, beside those that the compiler takes by itself
 * @param memory options of the compiler for the memory
 */
export async function compile(entry, features, memory) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      entry,
      '--outFile',
      'module.wasm',
      '--baseDir',
      root,
      ...['--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert', '--runtime', 'stub'],
      ...memory,
      '--enable',
      features.join(),
    ],
    {
      writeFile(name, content) {
        if (name === 'module.wasm') binary = Buffer.from(content);
      },
    },
  );
  if (error) throw new Error(`${error.message}\n${stderr}`);
  return binary;
}
