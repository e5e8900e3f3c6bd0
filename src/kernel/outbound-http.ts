/** Methods that a call may have. */
export const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** What belongs to the connection, to the message's frame, or to proxies. */
const HOST_HEADERS = new Set([
  ...[
    'host',
    'connection',
    'keep-alive',
    'te',
    'trailer',
    'trailers',
    'transfer-encoding',
    'content-length',
    'upgrade',
  ],
  ...['expect', 'forwarded', 'via', 'x-real-ip', 'x-original-url', 'x-rewrite-url', 'x-http-method-override'],
  'http2-settings',
]);
const HOST_FAMILIES = /^(?:proxy-|x-forwarded-|sec-websocket-)/;

/** True for headers that the host sets, and neither callers nor policies. @param name in lower case */
export function isHostHeader(name: string): boolean {
  return HOST_HEADERS.has(name) || HOST_FAMILIES.test(name);
}
