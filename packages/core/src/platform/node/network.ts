import type { EnvHttpProxyAgent } from 'undici';
import { CnnzooError } from '../../util/index.js';
import { localPath } from './files.js';

/** Schemes of proxies that undici supports. */
const SCHEMES = ['http:', 'https:', 'socks5:', 'socks:'];

/** Returns the value of an environment variable. The lower-case name takes precedence, as in curl. */
const variable = (name: string): string | undefined => process.env[name] ?? process.env[name.toUpperCase()];

/** Returns the proxy's URL from an environment variable. The variable may lack the scheme. */
function proxyIn(name: string): string | undefined {
  const text = variable(name)?.trim();
  if (!text) return undefined;
  const url = (text.includes('://') ? text : `http://${text}`).replace(/^socks5h:/i, 'socks5:');
  if (URL.canParse(url) && SCHEMES.includes(new URL(url).protocol)) return url;
  // The message leaves out the value, which may hold a password.
  throw new CnnzooError(
    'INPUT',
    `The environment variable ${name.toUpperCase()} names the proxy for downloads: expected an http, https or socks5 ` +
      'URL, such as http://proxy.example:3128, received something else. Correct it or unset it.',
  );
}

/** Returns true if Node, from 24 on, is set to use the proxy by itself. */
const isDoneByNode = (): boolean =>
  process.allowedNodeEnvironmentFlags.has('--use-env-proxy') &&
  (process.env.NODE_USE_ENV_PROXY === '1' ||
    [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].includes('--use-env-proxy'));

let current: { readonly key: string; readonly agent: EnvHttpProxyAgent } | undefined;

/**
 * Fetches a URL through the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name, except for hosts in NO_PROXY. All
 * requests of cnnzoo in Node go through this function.
 */
export const fetchUrl: typeof globalThis.fetch = async (input, init) => {
  if (isDoneByNode()) return globalThis.fetch(input, init);
  const all = proxyIn('all_proxy');
  const [http, https] = [proxyIn('http_proxy') ?? all, proxyIn('https_proxy') ?? all];
  const url = input instanceof Request ? input.url : String(input);
  if ((!http && !https) || !/^https?:/i.test(url)) return globalThis.fetch(input, init);
  const undici = await import('undici');
  const key = `${http} ${https}`;
  if (current?.key !== key) {
    // A request by http is sent to the proxy as it is, without a tunnel: many proxies allow tunnels to ports of TLS
    // alone.
    const options = { httpProxy: http ?? '', ...(https && { httpsProxy: https }), proxyTunnel: false };
    current = { key, agent: new undici.EnvHttpProxyAgent(options) };
  }
  const { fetch } = undici as unknown as { fetch: (input: string, init: object) => Promise<Response> };
  return fetch(url, { ...init, dispatcher: current.agent });
};

/**
 * Returns the location of the mirror that `CNNZOO_MIRROR` names: a path, or a file:, http: or https: URL. undefined if
 * it is not set.
 *
 * @throws CnnzooError INPUT for other schemes.
 */
export function mirrorLocation(): string | undefined {
  const location = process.env.CNNZOO_MIRROR || undefined;
  if (location === undefined || localPath(location) !== undefined || /^https?:/i.test(location)) return location;
  throw new CnnzooError(
    'INPUT',
    `CNNZOO_MIRROR: expected a path, or a file:, http: or https: URL, received '${location}'.`,
  );
}

/** Returns headers that make a server send the rest of a file only if the file has not changed. */
export const resumeHeaders = (validator: string): Record<string, string> => ({ 'If-Range': validator });
