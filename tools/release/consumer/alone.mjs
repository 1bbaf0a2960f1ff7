// A program with the packages of the README's line and no others.
import assert from 'node:assert/strict';
import {
  Classifier,
  CnnzooError,
  load,
  loadStateDict,
  resnet18,
  resnet20,
  saveStateDict,
  stateDict,
  summary,
  useBackend,
} from '@cnnzoo/resnet';

assert.throws(() => resnet18({ numClasses: 10 }), CnnzooError);
await useBackend();
const net = await resnet20.pretrained();
assert.ok(net instanceof Classifier);
const [best] = await net.classify('public/seven.png');
assert.ok(best.score > 0 && best.score <= 1);
assert.equal(summary(net).parameters, 269722);

const copy = resnet20();
await loadStateDict(copy, await stateDict(net));
await saveStateDict(copy, 'copy.safetensors');
await net.save('saved.safetensors');
const again = await load('saved.safetensors');
assert.deepEqual(await again.classify('public/seven.png'), await net.classify('public/seven.png'));
for (const each of [copy, net, again]) each.dispose();
