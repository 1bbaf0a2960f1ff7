// Exports of a net that was read from a file of 8 bits are those of the net.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load, useBackend } from '@cnnzoo/core';
import { resnet20 } from '@cnnzoo/resnet';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { logitsOf, PARITY, relativeError } from '../../../test/harness/parity.js';
import { syntheticImage } from '../../../test/harness/synthetic.js';
import { createSession, exportGraphModel, exportOnnx } from '../src/index.js';
import { openGraphModel, runGraphModel } from './graph-model-files.js';
import { OnnxSession } from './onnx-runtime.js';

const directory = mkdtempSync(join(tmpdir(), 'cnnzoo-int8-'));
const at = (name: string): string => join(directory, name);
afterAll(() => rmSync(directory, { recursive: true }));
beforeAll(async () => {
  await useBackend('wasm');
});

it.each(['float16', 'int8'] as const)(
  '%s: ONNX, GraphModel and session answer as the net that was read',
  async (dtype) => {
    const whole = await resnet20.pretrained();
    await whole.save(at(dtype), { dtype });
    whole.dispose();
    const net = await load(at(dtype));
    const image = syntheticImage(32, 32, 3);
    const shape = [1, 32, 32, 3] as const;
    const logits = logitsOf(net.model, image, [32, 32, 3]);

    await exportOnnx(net, at(`${dtype}.onnx`));
    const onnx = await OnnxSession.open(at(`${dtype}.onnx`));
    expect(relativeError((await onnx.run(image, shape))[0]!, logits)).toBeLessThanOrEqual(PARITY);
    await onnx.close();

    await exportGraphModel(net, at(`${dtype}-graph`));
    const graph = await openGraphModel(at(`${dtype}-graph`));
    expect(relativeError(runGraphModel(graph, image, shape)[0]!, logits)).toBeLessThanOrEqual(PARITY);
    graph.dispose();
    net.dispose();

    const session = await createSession(at(dtype));
    expect(relativeError(await session.run(image, [...shape]), logits)).toBeLessThanOrEqual(PARITY);
    await session.dispose();
  },
);
