import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse, server: TestServer) => void;

export interface Seen {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

/** A web server of the test's own: handlers by path, a log of what was asked. */
export class TestServer {
  readonly routes = new Map<string, Handler>();
  readonly seen: Seen[] = [];
  private readonly sockets = new Set<Socket>();
  private held: { response: ServerResponse; upTo: number }[] = [];

  private constructor(readonly url: string) {}

  static async start(): Promise<TestServer & { close(): Promise<void> }> {
    const http = createServer();
    await new Promise<void>((done) => http.listen(0, '127.0.0.1', done));
    const server = new TestServer(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    http.on('connection', (socket) => {
      server.sockets.add(socket);
      socket.on('close', () => server.sockets.delete(socket));
    });
    http.on('request', (request, response) => {
      const path = request.url!;
      server.seen.push({ path, headers: request.headers });
      const handler = server.routes.get(path);
      if (handler) handler(request, response, server);
      else response.writeHead(404).end('nothing here');
    });
    return Object.assign(server, {
      close: () =>
        new Promise<void>((done) => {
          for (const socket of server.sockets) socket.destroy();
          http.close(() => done());
        }),
    });
  }

  /** Breaks the response's connection once `upTo` bytes of the file have arrived. */
  breakAt(response: ServerResponse, upTo: number): void {
    this.held.push({ response, upTo });
  }

  /** To be called as the client receives bytes. */
  arrived(loaded: number): void {
    for (const { response, upTo } of this.held) if (loaded >= upTo) response.destroy();
    this.held = this.held.filter(({ response }) => !response.destroyed);
  }

  asked(path: string): Seen[] {
    return this.seen.filter((each) => each.path === path);
  }
}

export interface FileOptions {
  etag?: string;
  /** Whether Range requests are answered as such. */
  ranges?: boolean;
  headers?: Record<string, string>;
  /** For each request, the number of bytes after which the connection breaks. */
  cuts?: number[];
}

/** Serves a file as a web server of the better kind does. */
export function serveFile(bytes: Uint8Array, options: FileOptions = {}): Handler {
  const { etag = '"v1"', ranges = true, headers = {}, cuts = [] } = options;
  return (request, response, server) => {
    const { range, 'if-range': ifRange } = request.headers;
    const from = ranges && range && (!ifRange || ifRange === etag) ? Number(/^bytes=(\d+)-$/.exec(range)![1]) : 0;
    if (from >= bytes.length && from > 0) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const body = bytes.subarray(from);
    const cut = cuts.shift();
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': body.length,
      'content-type': 'application/octet-stream',
      ...(etag && { etag }),
      ...(from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      ...headers,
    });
    if (cut === undefined || cut >= body.length) response.end(body);
    else if (cut === 0) response.destroy();
    else {
      response.write(body.subarray(0, cut));
      server.breakAt(response, from + cut);
    }
  };
}
