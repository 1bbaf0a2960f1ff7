/**
 * Milliseconds that a server asks to wait for (`Retry-After`, in seconds or as a date: RFC 9110, 10.2.3).
 * undefined if it asks for nothing that can be read.
 */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const text = headers.get('retry-after')?.trim();
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return ms >= 0 ? ms : undefined;
}
