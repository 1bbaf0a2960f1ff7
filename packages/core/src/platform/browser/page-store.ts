import { CnnzooError, warn } from '../../util/index.js';
import { type ByteSource, bytesSource } from '../../util/late.js';
import type { CacheRecord, Part, PartOrigin, Records, SkippedFile, Store } from '../store.js';

const NAME = 'cnnzoo';
const LOCATION = `the browser's cache '${NAME}'`;
/** Base of the URLs that the Cache API keeps entries under. It is never fetched: RFC 2606 reserves '.invalid'. */
const BASE = 'https://cnnzoo.invalid/';
const RECORD_HEADER = 'x-cnnzoo-record';

/** Returns the place of weights in words, since a page has no directories. */
export const cacheDirectory = async (): Promise<string> => LOCATION;

/** Opens the cache of this page's origin. */
export const openStore = async (): Promise<Store> =>
  // Browsers withhold the Cache API from pages that aren't served over https.
  new PageStore('caches' in globalThis ? await caches.open(NAME) : undefined);

function encoded(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw new CnnzooError('INPUT', `Expected a name without lone surrogates, received ${JSON.stringify(name)}.`, {
      cause,
    });
  }
}

const urlOf = (model: string, weights: string): string => new URL(`${encoded(model)}/${encoded(weights)}`, BASE).href;

/** Returns the record in a response's headers. undefined if there is none, or if it is of another entry. */
async function recordOf(response: Response, url: string): Promise<CacheRecord | undefined> {
  const { parseRecord } = await import('../store-record.js');
  try {
    const record = parseRecord(decodeURIComponent(response.headers.get(RECORD_HEADER) ?? ''));
    return record && urlOf(record.model, record.weights) === url ? record : undefined;
  } catch {
    // The header is not encoded as `encodeURIComponent` does it.
    return undefined;
  }
}

/**
 * Cache in the Cache API: one response per entry, whose body is the file and whose header is the record. Keeps nothing
 * if the page has no Cache API.
 */
class PageStore implements Store {
  readonly location = LOCATION;
  /** false: a transposed copy would be a second file in memory. */
  readonly turns = false;

  constructor(private readonly cache: Cache | undefined) {}

  pathOf(model: string, file: string): string {
    return `${BASE}${encoded(model)}/${file}`;
  }

  async find(model: string, weights: string): Promise<CacheRecord | undefined> {
    const url = urlOf(model, weights);
    const response = await this.cache?.match(url);
    return response && recordOf(response, url);
  }

  async list(): Promise<Records> {
    const [records, skipped]: [CacheRecord[], SkippedFile[]] = [[], []];
    for (const request of (await this.cache?.keys()) ?? []) {
      const response = await this.cache!.match(request);
      const record = response && (await recordOf(response, request.url));
      if (record) records.push(record);
      else if (response) skipped.push({ path: request.url, reason: 'it is no entry of the cache' });
    }
    return { records, skipped };
  }

  async open(model: string, file: string): Promise<ByteSource | undefined> {
    const record = (await this.list()).records.find((each) => each.model === model && each.file === file);
    const response = record && (await this.cache?.match(urlOf(model, record.weights)));
    return response && bytesSource(new Uint8Array(await response.arrayBuffer()), this.pathOf(model, file));
  }

  async exclusively<T>(
    model: string,
    weights: string,
    signal: AbortSignal | undefined,
    work: (lost: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const lost = new AbortController().signal;
    if (!globalThis.navigator?.locks) return work(lost);
    return navigator.locks.request(urlOf(model, weights), signal ? { signal } : {}, () => work(lost));
  }

  async part(model: string, weights: string): Promise<Part> {
    return new MemoryPart(this.pathOf(model, weights));
  }

  async keep(part: Part, record: CacheRecord): Promise<void> {
    if (!(part instanceof MemoryPart)) throw new CnnzooError('INPUT', 'keep: expected a part of this store.');
    const headers = { [RECORD_HEADER]: encodeURIComponent(JSON.stringify(record)) };
    try {
      // `put` stores an entry whole or not at all.
      await this.cache?.put(urlOf(record.model, record.weights), new Response(part.bytes, { headers }));
    } catch (error) {
      // If the quota is used up, the weights are still in memory and can be used.
      warn(`${record.model} ${record.weights} can't be kept in ${LOCATION} and is fetched again next time: ${error}`);
    }
  }

  async note(): Promise<void> {}

  async clear(fits: (model: string, weights: string) => boolean): Promise<Records> {
    const { records, skipped } = await this.list();
    const fitting = records.filter(({ model, weights }) => fits(model, weights));
    for (const { model, weights } of fitting) await this.cache?.delete(urlOf(model, weights));
    return { records: fitting, skipped };
  }
}

/** Partial download in the memory of a page. It is lost when the page is closed. */
class MemoryPart implements Part {
  private buffer = new Uint8Array(0);
  size = 0;
  origin: PartOrigin | undefined;

  constructor(readonly path: string) {}

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.size);
  }

  async restart(origin: PartOrigin): Promise<void> {
    this.origin = origin;
    this.size = 0;
    this.buffer = new Uint8Array(origin.total ?? 0);
  }

  async append(chunk: Uint8Array): Promise<void> {
    const size = this.size + chunk.byteLength;
    if (size > this.buffer.byteLength) {
      const larger = new Uint8Array(Math.max(size, 2 * this.buffer.byteLength));
      larger.set(this.bytes);
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.size);
    this.size = size;
  }

  async read(): Promise<ByteSource> {
    return bytesSource(this.bytes, this.path);
  }

  async suspend(): Promise<void> {
    await this.discard();
  }

  async discard(): Promise<void> {
    this.buffer = new Uint8Array(0);
    this.size = 0;
    this.origin = undefined;
  }
}
