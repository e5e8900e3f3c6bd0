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

/** Statuses of answers without a body. */
const EMPTY: readonly number[] = [204, 304];

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
    if (isLonger(event.request.url.query, config.max_query_bytes)) {
      return deny('QUERY_TOO_LARGE', `the query has more than the ${config.max_query_bytes} bytes that are allowed`);
    }
    return allow();
  },
  response: ({ method, status, body, headers, config, tool }) => {
    if (!config.tools.includes(tool.name)) return allow();
    // An answer to HEAD announces a body that does not come.
    const announced = method.text === 'HEAD' ? -1 : announcedBytes(headers);
    if (announced > config.max_response_bytes) {
      return deny('RESPONSE_TOO_LARGE', over('the answer, as announced,', announced, config.max_response_bytes));
    }
    if (body.bytes > config.max_response_bytes) {
      return deny('RESPONSE_TOO_LARGE', over('the answer', body.bytes, config.max_response_bytes));
    }
    const isPlain = announced >= 0 && !headers.has('content-encoding');
    if (isPlain && body.bytes > announced) {
      return deny('RESPONSE_LONGER_THAN_ANNOUNCED', `the answer has ${body.bytes} bytes and announced ${announced}`);
    }
    const isToCome = !body.isPresent && method.text !== 'HEAD' && !EMPTY.includes(status);
    if (isToCome && !isPlain) return deny('RESPONSE_SIZE_UNKNOWN', 'the answer does not say how long it will be');
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

/** In UTF-8, where what is beyond ASCII has two or three bytes, and half of a pair two. Counts no further than it has to. */
function isLonger(query: readonly (readonly [string, string])[], most: number): boolean {
  const text = query.map(([name, value]) => name + value).join('');
  if (text.length > most) return true;
  const odd = text.replace(/[\u0000-\u007f]+/g, '');
  let left = most - text.length;
  for (let at = 0; at < odd.length && left >= 0; at++) left -= odd.charCodeAt(at) < 0x800 || isHalf(odd[at]) ? 1 : 2;
  return left < 0;
}

function isHalf(character = ''): boolean {
  return character >= '\ud800' && character <= '\udfff';
}
