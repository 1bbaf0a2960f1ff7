/** Saves the model argv[2] in the folder argv[3], with the weights of the checkpoint argv[4]. */
import { useBackend } from '@cnnzoo/core';
import { getModel } from 'cnnzoo';

const [, , name, folder, weights] = process.argv;
await useBackend('wasm');
const model = getModel(name!);
await (await model.pretrained({ weights: weights! })).save(folder!);
process.exit(0);
