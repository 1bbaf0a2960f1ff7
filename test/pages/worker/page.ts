/** A page for test/worker-page.test.ts, which calls the functions of `window.page`. */
import { type Classifier, CnnzooError, type ImageInput, useBackend } from '@cnnzoo/core';
import { inWorker, type WorkerClassifier } from '@cnnzoo/core/worker';
import { resnet20 } from '@cnnzoo/resnet';
import { tensor3d } from '@tensorflow/tfjs-core';

const photo = new URL('../../../examples/photos/chelsea.png', import.meta.url).href;
const rocket = new URL('../../../examples/photos/rocket.jpg', import.meta.url).href;

const startWorker = (): Worker => new Worker(new URL('./net.worker.ts', import.meta.url), { type: 'module' });

let here: Classifier;
let there: WorkerClassifier;
let worker: Worker;

async function open(): Promise<void> {
  await useBackend('wasm');
  here = await resnet20.pretrained();
  there = await inWorker(() => {
    worker = startWorker();
    return worker;
  });
}

async function element(url: string, crossOrigin?: string): Promise<HTMLImageElement> {
  const image = new Image();
  if (crossOrigin) image.crossOrigin = crossOrigin;
  image.src = url;
  await image.decode();
  return image;
}

/** A canvas with colours of every opacity. */
function painted<Canvas extends HTMLCanvasElement | OffscreenCanvas>(canvas: Canvas): Canvas {
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  for (let x = 0; x < canvas.width; x += 3)
    for (let y = 0; y < canvas.height; y += 3) {
      context.fillStyle = `rgba(${(x * 7) % 256}, ${(y * 5) % 256}, ${(x * y) % 256}, ${((x + y) % 11) / 10})`;
      context.fillRect(x, y, 3, 3);
    }
  return canvas;
}

const canvas = (): HTMLCanvasElement =>
  painted(Object.assign(document.createElement('canvas'), { width: 90, height: 70 }));

/** A canvas that WebGL draws on. */
function drawn(): HTMLCanvasElement {
  const element = Object.assign(document.createElement('canvas'), { width: 64, height: 48 });
  const gl = element.getContext('webgl', { preserveDrawingBuffer: true })!;
  gl.clearColor(0.2, 0.7, 0.4, 0.5);
  gl.clear(gl.COLOR_BUFFER_BIT);
  return element;
}

/** A video that shows a canvas, and the means to draw on and to end it. */
async function film(): Promise<{ video: HTMLVideoElement; draw(hue: number): void; end(): void }> {
  const screen = Object.assign(document.createElement('canvas'), { width: 96, height: 64 });
  const context = screen.getContext('2d')!;
  const draw = (hue: number): void => {
    const gradient = context.createLinearGradient(0, 0, 96, 64);
    gradient.addColorStop(0, `hsl(${hue} 80% 40%)`);
    gradient.addColorStop(1, `hsl(${hue + 120} 60% 70%)`);
    context.fillStyle = gradient;
    context.fillRect(0, 0, 96, 64);
  };
  draw(10);
  const stream = screen.captureStream();
  const video = Object.assign(document.createElement('video'), { muted: true, srcObject: stream });
  document.body.append(screen, video);
  await video.play();
  return {
    video,
    draw,
    end() {
      for (const track of stream.getTracks()) track.stop();
    },
  };
}

async function pngOf(source: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve) => source.toBlob((blob) => resolve(blob!)));
}

/** Images in every form that a page has. Each is made anew for each call. */
const inputs: Record<string, () => ImageInput | Promise<ImageInput>> = {
  'an absolute URL': () => photo,
  'a relative URL': () => new URL(photo).pathname.slice(1),
  'a URL object': () => new URL(photo),
  'a data: URL': () => canvas().toDataURL(),
  'a blob: URL': async () => URL.createObjectURL(await pngOf(canvas())),
  'a Blob': async () => (await fetch(rocket)).blob(),
  'a File': async () => new File([await pngOf(canvas())], 'picture.png'),
  bytes: async () => new Uint8Array(await (await fetch(photo)).arrayBuffer()),
  ImageData: () => canvas().getContext('2d')!.getImageData(5, 5, 60, 50),
  'a canvas': canvas,
  'a canvas of WebGL': drawn,
  'an OffscreenCanvas': () => painted(new OffscreenCanvas(80, 60)),
  'an image of a PNG': () => element(photo),
  'an image of a JPEG': () => element(rocket),
  'an image with opacity': async () => element(URL.createObjectURL(await pngOf(canvas()))),
  'an image of an SVG': () =>
    element(
      `data:image/svg+xml,${encodeURIComponent(
        '<svg xmlns="http://www.w3.org/2000/svg" width="80" height="60"><circle cx="40" cy="30" r="25" fill="teal"/></svg>',
      )}`,
    ),
  'an ImageBitmap': async () => createImageBitmap(await element(photo)),
  'an ImageBitmap with opacity': () => createImageBitmap(canvas()),
  'a VideoFrame': async () => new VideoFrame(await element(photo), { timestamp: 0 }),
  'a tensor': () =>
    tensor3d(
      Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * 31) % 256),
      [40, 30, 3],
      'int32',
    ),
};

/** The greatest difference of the features here and in the worker, for an input; 0 if they are identical. */
function difference(first: Float32Array, second: Float32Array): number {
  return first.length === second.length
    ? first.reduce((most, value, i) => Math.max(most, Math.abs(value - second[i]!)), 0)
    : Number.NaN;
}

async function differences(): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const [name, make] of Object.entries(inputs)) {
    const input = await make();
    const [local, remote] = [await here.embed(input), await there.embed(input)];
    found[name] = difference(local, remote);
    if (JSON.stringify(await here.classify(input)) !== JSON.stringify(await there.classify(input)))
      found[name] = Infinity;
  }
  const { video, end } = await film();
  found['a video'] = difference(await here.embed(video), await there.embed(video));
  end();
  return found;
}

/** Sizes of pictures after a call that copies them, and after one that moves them. */
async function ownership(): Promise<unknown> {
  const bitmap = await createImageBitmap(canvas());
  const frame = new VideoFrame(canvas(), { timestamp: 0 });
  const pixels = canvas().getContext('2d')!.getImageData(0, 0, 9, 9);
  const sizes = () => [bitmap.width, frame.codedWidth, pixels.data.length];
  const list = [bitmap, frame, pixels];
  const first = await there.classify(list);
  const copied = sizes();
  const second = await there.classify(list, { transfer: true });
  return { copied, moved: sizes(), same: JSON.stringify(first) === JSON.stringify(second) };
}

/** The code and message of a call's error. */
async function fault(call: Promise<unknown>): Promise<unknown> {
  try {
    return { value: await call };
  } catch (error) {
    return error instanceof CnnzooError ? { code: error.code, message: error.message } : { raw: String(error) };
  }
}

/** Errors here and in the worker. */
async function faults(foreign: string): Promise<Record<string, unknown[]>> {
  const both = async (image: () => ImageInput | Promise<ImageInput>): Promise<unknown[]> => [
    await fault(here.classify(await image())),
    await fault(there.classify(await image())),
  ];
  return {
    'an image of another site': await both(() => element(foreign)),
    'an ImageBitmap of it': await both(async () => createImageBitmap(await element(foreign))),
    'a canvas with it': await both(async () => {
      const screen = canvas();
      screen.getContext('2d')!.drawImage(await element(foreign), 0, 0);
      return screen;
    }),
    'a broken image': await both(() => Object.assign(new Image(), { src: 'data:,' })),
    'an empty canvas': await both(() => Object.assign(document.createElement('canvas'), { width: 0 })),
    'a video without a frame': await both(() => document.createElement('video')),
    'an element that is no picture': await both(() => document.body as unknown as ImageInput),
    'a missing URL': await both(() => 'none.png'),
  };
}

/** Watches a video until three answers have come, and leaves it in one of several ways. */
async function watches(place: 'here' | 'there', leave: 'break' | 'signal' | 'end' | 'empty'): Promise<number> {
  const { video, draw, end } = await film();
  const controller = new AbortController();
  let count = 0;
  for await (const [best] of (place === 'here' ? here : there).watch(video, { topK: 1, signal: controller.signal })) {
    if (!best) throw new Error('no prediction');
    count++;
    if (count === 3) {
      if (leave === 'break') break;
      if (leave === 'signal') controller.abort();
      else if (leave === 'end') end();
      else video.srcObject = null;
    } else draw(count * 40);
  }
  end();
  return count;
}

/** Watches the frames of a camera's track. Returns the number of answers. */
async function watchesTrack(place: 'here' | 'there'): Promise<number> {
  const { video, draw, end } = await film();
  const [track] = (video.srcObject as MediaStream).getVideoTracks();
  const Processor = (
    globalThis as unknown as {
      MediaStreamTrackProcessor: new (init: object) => { readable: ReadableStream<VideoFrame> };
    }
  ).MediaStreamTrackProcessor;
  let hue = 0;
  const timer = setInterval(() => {
    hue += 10;
    draw(hue);
  }, 10);
  let count = 0;
  for await (const _ of (place === 'here' ? here : there).watch(new Processor({ track }).readable))
    if (++count === 5) break;
  clearInterval(timer);
  end();
  return count;
}

/** Errors of workers that do not start, or end. */
async function failures(): Promise<Record<string, unknown>> {
  const mortal = await inWorker(() => {
    worker = startWorker();
    return worker;
  });
  await mortal.classify(photo);
  const pending = mortal.classify(Array<string>(1000).fill(photo));
  worker.postMessage('close');
  const died = await fault(pending);
  const disposed = await inWorker(startWorker);
  const call = fault(disposed.classify(Array<string>(1000).fill(photo)));
  disposed.dispose();
  return {
    'closes itself': died,
    'has closed itself': await fault(mortal.classify(photo)),
    'is disposed of': await call,
    'has no file': await fault(inWorker(() => new Worker('/none.js', { type: 'module' }))),
    throws: await fault(inWorker(() => new Worker(new URL('./throws.worker.ts', import.meta.url), { type: 'module' }))),
    'serves nothing': await fault(
      inWorker(() => new Worker(new URL('./empty.worker.ts', import.meta.url), { type: 'module' }), { timeoutMs: 200 }),
    ),
    'is forbidden': await fault(inWorker(() => new Worker('https://example.invalid/net.js'))),
  };
}

/** Aborts a long list, and returns the error and the next answer. */
async function aborts(): Promise<unknown[]> {
  const controller = new AbortController();
  const list = fault(there.classify(Array<string>(100_000).fill(photo), { signal: controller.signal }));
  setTimeout(() => controller.abort(), 50);
  return [await list, (await there.classify(photo))[0]!.label];
}

const page = { open, differences, ownership, faults, watches, watchesTrack, failures, aborts };
export type Page = typeof page;
Object.assign(globalThis, { page });
