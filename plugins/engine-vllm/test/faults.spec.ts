import { type Fault } from '../../../test/support/fake-engines/fault.js';
import { FAULT_NAMES, faultNamed } from '../../../test/support/fake-engines/fault-names.js';
import { chat, closeAll, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });
const WHOLE = ' two three four five six seven eight nine ten one two three';
/** What each fault after two tokens becomes; `end`: nothing, the answer is whole. */
const OUTCOMES: Readonly<Record<string, string | RegExp>> = {
  'slow-head': 'timeout/first_byte',
  stall: 'timeout/idle',
  rst: /^reset\/(stream_truncated|no_reply)$/,
  fin: 'reset/stream_truncated',
  'early-end': 'reset/stream_truncated',
  'half-utf8': 'adapter/bad_stream',
  'split-every-byte': 'end',
  'comment-flood': 'cancelled',
  'duplicate-done': 'end',
  'missing-done': 'end',
  'error-event': 'internal/InternalServerError_500',
  'old-error-event': 'internal/http_500',
  '200-with-error': 'internal/InternalServerError_500',
  overloaded: 'unavailable/overloaded',
  garbage: 'adapter/bad_stream',
  'long-line': 'adapter/bad_stream',
  'clinging-slot': 'end',
};
/** Short only where a limit has to end the generation: what must come in time may come late on a busy machine. */
const LIMITS: Readonly<Record<string, object>> = {
  'slow-head': { first_byte_timeout_ms: 150 },
  stall: { idle_timeout_ms: 150 },
};
const reply = (status: number, body: object | string): Fault => ({
  type: 'reply',
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const event = (message: string): Fault => ({ type: 'error-event', afterTokens: 2, message });

describe('vllm adapter under faults', () => {
  afterEach(closeAll);

  it.each(FAULT_NAMES)('ends a generation under %s once and rightly (ORCH-3055)', async (name) => {
    const { connection, fake } = await start({}, LIMITS[name] ?? {});
    fake.fault(faultNamed(name, 2));
    const abort = new AbortController();
    const wanted = request(text(' one'), { maxTokens: 12 });
    const {
      error,
      events,
      text: received,
    } = await run(connection, wanted, abort.signal, () => {
      if (name === 'comment-flood') setTimeout(() => abort.abort(), 50);
    });
    const ends = events.filter(({ type }) => type === 'end').length;
    const outcome = error === undefined ? (ends === 1 ? 'end' : 'cancelled') : `${error.code}/${error.reason}`;
    expect(outcome).toMatch(OUTCOMES[name] ?? 'an outcome for every fault');
    expect(outcome === 'end' ? received === WHOLE : WHOLE.startsWith(received)).toBe(true);
    await until(() => fake.stats.busySlots === 0);
  });

  it.each<[string, Fault, string, string]>([
    ['an error that a [DONE] follows', event('odd'), 'internal', 'InternalServerError_500'],
    ['memory of the GPU that ran out', event('CUDA out of memory. Tried to allocate'), 'out-of-memory', 'alloc'],
    [
      'a context that is exceeded',
      event("This model's maximum context length is 9 tokens"),
      'invalid-input',
      'context_overflow',
    ],
    [
      'the flat shape of older servers',
      reply(400, { object: 'error', message: 'm', code: 400 }),
      'invalid-input',
      'refused',
    ],
    [
      'a missing model',
      reply(404, { error: { message: 'The model `x` does not exist.' } }),
      'unavailable',
      'model_missing',
    ],
    ['a missing route', reply(404, { detail: 'Not Found' }), 'unavailable', 'wrong_url'],
    ['a wrong key', reply(401, { error: 'Unauthorized' }), 'unavailable', 'engine_auth'],
    ['a gateway', reply(502, '<html>bad gateway</html>'), 'unavailable', 'unreachable'],
    ['a page with status 200', reply(200, '<html>hello</html>'), 'adapter', 'bad_stream'],
  ])('maps %s (ORCH-3055)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    fake.fault(undefined);
    expect((await run(connection, request(chat('hello')))).error).toBeUndefined();
  });

  it('never breaks a character when each byte comes alone, and counts its tokens (OC-ADAPT-5020)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'byte-writes' });
    const { text: received, events } = await run(connection, request(chat('llama'), { maxTokens: 10 }));
    expect(received).toBe('🦙 🦙 ');
    expect(events[0]).toEqual({ type: 'token', text: '🦙', tokens: 4 });
    expect(events.at(-1)).toMatchObject({ finish: 'length', usage: { completionTokens: 10, exact: true } });
  });
});
