/** Exports a net to the path of its argument, in a process that a test kills: see disk.test.ts. */
import { buildModel, flatten, linear, saveStateDict, seq, useBackend } from '@cnnzoo/core';
import { exportGraphModel, exportOnnx } from '@cnnzoo/deploy';

await useBackend('cpu');
// 200 MB, which take longer to write than the test needs to notice the first.
const net = buildModel('killed', seq([flatten, linear(4000), linear(4)]), [64, 64, 3]);
const path = process.argv[2]!;
if (path.endsWith('.onnx')) await exportOnnx(net, path);
else if (path.endsWith('.safetensors')) await saveStateDict(net, path);
else await exportGraphModel(net, path);
