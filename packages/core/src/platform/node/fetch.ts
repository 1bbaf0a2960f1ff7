import type { EnvHttpProxyAgent } from 'undici';
import { CnnzooError } from '../../errors.js';

/** Schemes of proxies that undici speaks to. */
const SCHEMES = ['http:', 'https:', 'socks5:', 'socks:'];

/** A variable's value; the lower-case name counts first, as in curl. */
const variable = (name: string): string | undefined => process.env[name] ?? process.env[name.toUpperCase()];

/** The proxy's URL that a variable holds; the scheme may be missing. */
function proxyIn(name: string): string | undefined {
  const text = variable(name)?.trim();
  if (!text) return undefined;
  const url = (text.includes('://') ? text : `http://${text}`).replace(/^socks5h:/i, 'socks5:');
  if (URL.canParse(url) && SCHEMES.includes(new URL(url).protocol)) return url;
  // Without the value, which may hold a password.
  throw new CnnzooError(
    'INPUT',
    `The environment variable ${name.toUpperCase()} names the proxy for downloads: expected an http, https or socks5 ` +
      'URL, such as http://proxy.example:3128, received something else. Correct it or unset it.',
  );
}

/** Node 24 and later does it by itself when it is told to. */
const isDoneByNode = (): boolean =>
  process.allowedNodeEnvironmentFlags.has('--use-env-proxy') &&
  (process.env.NODE_USE_ENV_PROXY === '1' ||
    [...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)].includes('--use-env-proxy'));

let current: { readonly key: string; readonly agent: EnvHttpProxyAgent } | undefined;

/**
 * `fetch`, through the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY name, except for the hosts in NO_PROXY. Every
 * request of cnnzoo in Node goes through here.
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
    // A plain request goes to the proxy as it is: many allow a tunnel to TLS ports alone.
    const options = { httpProxy: http ?? '', ...(https && { httpsProxy: https }), proxyTunnel: false };
    current = { key, agent: new undici.EnvHttpProxyAgent(options) };
  }
  const { fetch } = undici as unknown as { fetch: (input: string, init: object) => Promise<Response> };
  return fetch(url, { ...init, dispatcher: current.agent });
};
