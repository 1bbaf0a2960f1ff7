import { nextTurn } from '#platform';
import { CnnzooError } from '../util/index.js';
import { onAbort } from '../util/late.js';
import { describe, isFrame, notAnImage } from './drawable.js';
import type { FrameSource, ImageInput } from './image.js';

/** Frame of a source. Sources of JavaScript may give values of any kind, undefined included. */
interface Frame {
  readonly frame: ImageInput;
}

/** Newest frame of a source. */
interface NewestFrame {
  /** Resolves to the newest frame that was not returned before, once there is one. undefined: the source has ended. */
  next(): Promise<Frame | undefined>;
  /** Returns true if the frame is gone, so that its answer's error is no fault of the source. */
  isGone(): boolean;
  /** Ends the reading of the source: `next` resolves to undefined. A second call does nothing. */
  stop(): void;
}

/** A promise that is resolved again and again. */
class Bell {
  private wake: () => void = () => undefined;

  ring(): void {
    this.wake();
  }

  /** Resolves when the bell rings next. */
  wait(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

/** HAVE_CURRENT_DATA of HTMLMediaElement: the element shows a frame. */
const SHOWS_A_FRAME = 2;

/** Events after which a video element may have come to its end. */
const ENDS = ['ended', 'emptied', 'error'];

/** Current frame of a video element. */
class VideoElement implements NewestFrame {
  private readonly bell = new Bell();
  private stopped = false;
  private handle = 0;
  /** true if the element shows a frame that was not returned. */
  private fresh: boolean;
  /** Position of the latest frame, in seconds: the only sign of a new frame if the browser announces none. */
  private position = Number.NaN;
  /** Camera or other live source of the element. */
  private stream: MediaStream | undefined;

  constructor(private readonly video: HTMLVideoElement) {
    this.fresh = video.readyState >= SHOWS_A_FRAME;
    for (const type of ENDS) video.addEventListener(type, this.onEvent);
    this.listen();
  }

  async next(): Promise<Frame | undefined> {
    const { video } = this;
    for (;;) {
      if (this.stopped) return undefined;
      if (video.error)
        throw new CnnzooError('IMAGE', `watch: the video can't be played: ${video.error.message}`, {
          cause: video.error,
        });
      // A stream whose tracks its page has stopped does not end the video, which may show frames of it for a while.
      if (this.stream?.active === false) return undefined;
      // While the video seeks, it shows no frame.
      if (this.fresh && video.readyState >= SHOWS_A_FRAME) {
        this.fresh = false;
        return { frame: video };
      }
      if (video.ended) return undefined;
      await this.bell.wait();
    }
  }

  isGone(): boolean {
    return this.video.readyState < SHOWS_A_FRAME;
  }

  stop(): void {
    const { video, handle } = this;
    if (this.stopped) return;
    this.stopped = true;
    for (const type of ENDS) video.removeEventListener(type, this.onEvent);
    this.stream?.removeEventListener('inactive', this.onEvent);
    if ('cancelVideoFrameCallback' in video) video.cancelVideoFrameCallback(handle);
    else cancelAnimationFrame(handle);
    this.bell.ring();
  }

  private readonly onEvent = ({ type }: Event): void => {
    // The page has taken the source away.
    if (type === 'emptied' && !this.video.srcObject && !this.video.currentSrc) this.stop();
    this.bell.ring();
  };

  /** Waits for the next frame, and for the end of the stream that the element shows by now. */
  private listen(): void {
    const { video } = this;
    const { srcObject } = video;
    const stream = srcObject && 'active' in srcObject ? srcObject : undefined;
    if (stream !== this.stream) {
      this.stream?.removeEventListener('inactive', this.onEvent);
      stream?.addEventListener('inactive', this.onEvent);
      this.stream = stream;
    }
    this.handle =
      'requestVideoFrameCallback' in video
        ? video.requestVideoFrameCallback(() => this.arrive())
        : requestAnimationFrame(() => this.look());
  }

  private arrive(): void {
    this.fresh = true;
    this.bell.ring();
    this.listen();
  }

  /** Compares positions, in a browser that announces no frames. */
  private look(): void {
    const { currentTime } = this.video;
    // The position goes on for a while after the end of a stream.
    if (this.stream?.active === false) this.bell.ring();
    else if (currentTime === this.position) this.listen();
    else {
      this.position = currentTime;
      this.arrive();
    }
  }
}

/** Frees a frame that nobody else has: closes bitmaps and VideoFrames, disposes of tensors. */
function free(frame: ImageInput | undefined): void {
  if (typeof frame !== 'object' || frame === null) return;
  if (isFrame(frame)) frame.close();
  else if ('dispose' in frame) frame.dispose();
}

/** Newest frame of a stream or iterable, which is read as fast as it gives. */
class StreamOfFrames implements NewestFrame {
  private readonly bell = new Bell();
  private ended = false;
  private failure: { readonly error: unknown } | undefined;
  private newest: Frame | undefined;

  constructor(private readonly iterator: AsyncIterator<ImageInput>) {
    void this.read();
  }

  async next(): Promise<Frame | undefined> {
    while (!this.newest && !this.ended) await this.bell.wait();
    if (this.failure) throw this.failure.error;
    const { newest } = this;
    this.newest = undefined;
    return newest;
  }

  isGone(): boolean {
    return false;
  }

  stop(): void {
    this.put(undefined);
    if (this.ended) return;
    this.ended = true;
    this.bell.ring();
    // A generator that waits for its next frame ends after it, so nobody can wait for its end, or for an error there.
    const end = async (): Promise<unknown> => this.iterator.return?.();
    end().catch(() => undefined);
  }

  /** Replaces the newest frame. One that nobody has taken is freed. */
  private put(newest: Frame | undefined): void {
    free(this.newest?.frame);
    this.newest = newest;
  }

  /** Reads to the end. */
  private async read(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.iterator.next();
        if (this.ended) free(done ? undefined : value);
        if (this.ended || done) break;
        this.put({ frame: value });
        this.bell.ring();
        // A source that always has a frame ready would keep everything else from running.
        await nextTurn();
      }
    } catch (error) {
      this.failure = { error };
    }
    this.ended = true;
    this.bell.ring();
  }
}

/** Returns an iterator over a stream; Safari's have none. */
function iteratorOf(stream: ReadableStream<ImageInput>): AsyncIterator<ImageInput> {
  const reader = stream.getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<ImageInput>>,
    async return() {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function framesOf(source: FrameSource): NewestFrame {
  if (typeof source === 'object' && source !== null) {
    if ('videoWidth' in source) return new VideoElement(source);
    if ('getReader' in source) return new StreamOfFrames(iteratorOf(source));
    if (Symbol.asyncIterator in source) return new StreamOfFrames(source[Symbol.asyncIterator]());
  }
  throw new CnnzooError(
    'INPUT',
    `watch: expected a video element, a ReadableStream or an async iterable of images, received ${describe(source)}. ` +
      'For a list of images, write classify(list).',
  );
}

/**
 * Answers the newest frame of a source, again and again: `Classifier.watch`. Frames that arrive during an answer are dropped,
 * but for the newest. Frames of streams and iterables are freed, answered or dropped.
 *
 * @param answer Classifies a frame.
 * @param signal Ends the iteration, without an error.
 * @throws CnnzooError INPUT for another source; IMAGE if a video can't be played. Errors of the source and of `answer` are thrown as
 * they are.
 */
export async function* watch<Answer>(
  source: FrameSource,
  answer: (frame: ImageInput) => Promise<Answer>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Answer, void, undefined> {
  if (signal?.aborted) return;
  const frames = framesOf(source);
  const forget = signal && onAbort(signal, () => frames.stop());
  try {
    for (;;) {
      const newest = await frames.next();
      if (!newest) return;
      const { frame } = newest;
      let found: Answer;
      try {
        // A list would be answered by its first image alone.
        if (frame === undefined || frame === null || Array.isArray(frame)) throw notAnImage(frame, 'the frame');
        found = await answer(frame);
      } catch (error) {
        if (signal?.aborted) return;
        if (frames.isGone()) continue;
        throw error;
      } finally {
        free(frame);
      }
      if (signal?.aborted) return;
      yield found;
    }
  } finally {
    forget?.();
    frames.stop();
  }
}
