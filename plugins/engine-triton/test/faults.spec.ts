import { type Fault } from '../../../test/support/fake-engines/fault.js';
import { closeAll, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });
const raw = (bytes: string | Buffer): Fault => ({ type: 'raw', afterTokens: 2, bytes: Buffer.from(bytes) });
const reply = (status: number, body: string): Fault => ({ type: 'reply', status, body });
const failed = (error: string): string => JSON.stringify({ error });

describe('triton adapter under faults', () => {
  afterEach(closeAll);

  it.each<[string, Fault, string, string]>([
    ['a killed server', { type: 'fin', afterTokens: 2 }, 'reset', 'stream_truncated'],
    ['half an event', raw('data: {"text_out'), 'reset', 'stream_truncated'],
    ['an error event', { type: 'error-event', afterTokens: 2, message: 'odd' }, 'internal', 'http_500'],
    ['a full GPU', { type: 'error-event', afterTokens: 2, message: 'CUDA out of memory' }, 'out-of-memory', 'alloc'],
    ['garbage', raw('data: {"text_output": oh\n\n'), 'adapter', 'bad_stream'],
    ['an event of another shape', raw('data: {"choices":[]}\n\n'), 'adapter', 'bad_stream'],
    [
      'half a character',
      raw(Buffer.from([...Buffer.from('data: "'), 0xf0, 0x9f, 0x22, 0x0a, 0x0a])),
      'adapter',
      'bad_stream',
    ],
    ['a line over 1 MiB', raw('x'.repeat(1024 * 1024 + 1)), 'adapter', 'bad_stream'],
  ])('after two tokens maps %s (ORCH-3057)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, text: received, events } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(received).toBe(' two three');
    expect(events.every((event) => event.type === 'token')).toBe(true);
    await until(() => fake.stats.busySlots === 0);
  });

  it('cannot tell an answer that was cut in an orderly way, unless the model tells its end (ORCH-3057)', async () => {
    const plain = await start();
    plain.fake.fault({ type: 'early-end', afterTokens: 2 });
    expect((await run(plain.connection, ENDLESS)).events.at(-1)).toMatchObject({ type: 'end', engineFinish: 'closed' });
    const telling = await start({ kind: 'vllm' });
    telling.fake.fault({ type: 'early-end', afterTokens: 2 });
    expect((await run(telling.connection, ENDLESS)).error).toMatchObject({ reason: 'stream_truncated' });
  });

  it.each<[string, Fault, string, string]>([
    ['an error event at once', { type: 'error-event', afterTokens: 0, message: 'odd' }, 'internal', 'http_500'],
    ['400', reply(400, failed('odd')), 'invalid-input', 'refused'],
    ['404', reply(404, failed("Request for unknown model: 'tiny' is not found")), 'unavailable', 'model_missing'],
    [
      'a model that was unloaded',
      reply(400, failed("Request for unknown model: 'tiny' has no available versions")),
      'unavailable',
      'model_missing',
    ],
    ['a full queue', reply(503, failed('Exceeds maximum queue size')), 'unavailable', 'overloaded'],
    ['501', reply(501, failed('unsupported')), 'invalid-input', 'not_supported'],
    [
      'a failure in the form of an event',
      reply(500, `data: ${failed('CUDA out of memory')}\n\n`),
      'out-of-memory',
      'alloc',
    ],
    ['200 with an error body', reply(200, failed('odd')), 'internal', 'http_500'],
    ['200 with a page', reply(200, '<html>'), 'adapter', 'bad_stream'],
    ['403', reply(403, failed('This API is restricted')), 'unavailable', 'engine_auth'],
    ['502 of a gateway', reply(502, '<html>'), 'unavailable', 'unreachable'],
  ])('before the first token maps %s (ORCH-3057)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, events } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(events).toEqual([]);
    fake.fault(undefined);
    expect((await run(connection, ENDLESS)).error).toBeUndefined();
  });

  it.each(['trtllm-ensemble', 'vllm'] as const)(
    'tells a prompt that is too long for %s with both numbers (ORCH-3057)',
    async (kind) => {
      const { connection } = await start({ kind, contextTokens: 32 });
      const { error } = await run(connection, request(text(' one'.repeat(40))));
      expect(error).toMatchObject({ code: 'invalid-input', reason: 'context_overflow' });
      expect(error?.message).toMatch(/41 tokens.*32/);
    },
  );

  it('never breaks a character when each byte comes alone (OC-ADAPT-5010)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'byte-writes' });
    const { text: received } = await run(connection, request(text('llama'), { maxTokens: 10 }));
    expect(received).toBe('🦙 🦙 ');
  });

  it('limits the first byte and the silence apart (ORCH-3057)', async () => {
    const hasty = await start({}, { first_byte_timeout_ms: 100 });
    hasty.fake.fault({ type: 'slow-head', ms: 60_000 });
    expect((await run(hasty.connection, ENDLESS)).error).toMatchObject({ code: 'timeout', reason: 'first_byte' });
    const { connection, fake } = await start({}, { idle_timeout_ms: 100 });
    fake.fault({ type: 'stall', afterTokens: 2 });
    const stalled = await run(connection, ENDLESS);
    expect(stalled.error).toMatchObject({ code: 'timeout', reason: 'idle' });
    expect(stalled.text).toBe(' two three');
    await until(() => fake.stats.busySlots === 0);
  });
});
