import { allow, definePolicy, deny, type HeadersView, type Infer, s } from '@llama-orch/policy-sdk';

const size = () => s.integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const settings = s.object({
  max_request_bytes: size().default(65_536).describe('Bytes of a body that goes out.'),
  max_query_bytes: size().default(4_096).describe('Bytes of the names and values of a query.'),
  max_response_bytes: size().default(1_048_576).describe('Bytes of an answer, as announced and as decoded.'),
  tools: s
    .array(s.string(), { minItems: 1 })
    .default(['http.fetch', 'search'])
    .describe('Tools whose calls are judged; a download of weights is larger than any answer of a tool.'),
});

/** How much may go out, and come back, in one call. */
export default definePolicy<Infer<typeof settings>>({
  name: 'size-limit',
  version: '1.0.0',
  license: 'Apache-2.0',
  config: settings,
  request: ({ body, event, config, tool }) => {
    if (!config.tools.includes(tool.name)) return allow();
    if (body.bytes > config.max_request_bytes) {
      return deny('REQUEST_TOO_LARGE', over('the body', body.bytes, config.max_request_bytes));
    }
    const query = bytesOfQuery(event.request.url.query);
    if (query > config.max_query_bytes)
      return deny('QUERY_TOO_LARGE', over('the query', query, config.max_query_bytes));
    return allow();
  },
  response: ({ method, body, headers, config, tool }) => {
    if (!config.tools.includes(tool.name)) return allow();
    // An answer to HEAD announces a body that does not come.
    const announced = method.text === 'HEAD' ? -1 : announcedBytes(headers);
    if (announced > config.max_response_bytes) {
      return deny('RESPONSE_TOO_LARGE', over('the answer, as announced,', announced, config.max_response_bytes));
    }
    if (body.bytes > config.max_response_bytes) {
      return deny('RESPONSE_TOO_LARGE', over('the answer', body.bytes, config.max_response_bytes));
    }
    if (announced >= 0 && !headers.has('content-encoding') && body.bytes > announced) {
      return deny('RESPONSE_LONGER_THAN_ANNOUNCED', `the answer has ${body.bytes} bytes and announced ${announced}`);
    }
    return allow();
  },
});

function over(what: string, bytes: number, most: number): string {
  return `${what} has ${bytes} bytes; up to ${most} are allowed`;
}

/** The largest of the lengths, if there are several; -1 without one that is a number. */
function announcedBytes(headers: HeadersView): number {
  const lengths = headers.all('content-length').flatMap((value) => value.split(','));
  return Math.max(-1, ...lengths.map((length) => (/^\s*\d+\s*$/.test(length) ? Number(length) : -1)));
}

function bytesOfQuery(query: readonly (readonly [string, string])[]): number {
  return query.reduce((sum, [name, value]) => sum + bytesOf(name) + bytesOf(value), 0);
}

/** In UTF-8. */
function bytesOf(text: string): number {
  return [...text].reduce((sum, character) => sum + utf8Bytes(character.codePointAt(0) ?? 0), 0);
}

function utf8Bytes(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}
