import { shownUrl } from '../download/fetch-bytes.js';
import { fetchText } from './fetch-text.js';
import type { Send, TransferContext } from './transfer.js';

const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * A download from the Hugging Face hub. The hub answers a large file with a redirect whose `X-Linked-Etag` is the
 * file's sha256. Where a redirect's headers can't be seen, as in browsers, the pointer file in the git repository
 * holds the same.
 */
export class HubDownload {
  private linked: string | undefined;

  constructor(
    private readonly url: string,
    private readonly context: TransferContext,
  ) {}

  readonly send: Send = async (url, init) => {
    let next = url;
    for (let hops = 0; hops < 10; hops++) {
      const response = await this.context.fetch(next, { ...init, redirect: 'manual' });
      this.linked ??= /[0-9a-f]{64}/.exec(response.headers.get('x-linked-etag') ?? '')?.[0];
      if (response.type === 'opaqueredirect') return this.context.fetch(next, init);
      const location = response.headers.get('location');
      if (!REDIRECTS.has(response.status) || !location) return response;
      await response.body?.cancel();
      next = new URL(location, next).href;
      if (!/^https?:/.test(next)) throw new Error(`the server redirects to '${shownUrl(next)}'`);
    }
    throw new Error('the server redirects without end');
  };

  /** The hash that the server vouches for; undefined where it does not. */
  async sha256(): Promise<string | undefined> {
    return this.linked ?? (await this.pointerHash());
  }

  private async pointerHash(): Promise<string | undefined> {
    const pointer = this.url.replace('/resolve/', '/raw/');
    if (pointer === this.url) return undefined;
    try {
      const text = await fetchText(pointer, 'a pointer file', this.context);
      return /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
    } catch (error) {
      if (this.context.signal?.aborted) throw error;
      return undefined;
    }
  }
}
