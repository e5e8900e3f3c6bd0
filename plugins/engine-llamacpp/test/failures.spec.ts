import { type Fault } from '../../../test/support/fake-engines/fault.js';
import { chat, closeAll, msUntil, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });
const UNICODE = request(chat('llama'), { maxTokens: 10 });
const raw = (bytes: string | Buffer): Fault => ({ type: 'raw', afterTokens: 2, bytes: Buffer.from(bytes) });
const reply = (status: number, body: string): Fault => ({ type: 'reply', status, body });

describe('llamacpp adapter under faults', () => {
  afterEach(closeAll);

  it.each<[string, Fault, string, string]>([
    ['a killed server', { type: 'fin', afterTokens: 2 }, 'reset', 'stream_truncated'],
    ['an end without stop', { type: 'early-end', afterTokens: 2 }, 'reset', 'stream_truncated'],
    ['an error event', { type: 'error-event', afterTokens: 2, field: 'data' }, 'out-of-memory', 'kv_full'],
    [
      'an error event of old servers',
      { type: 'error-event', afterTokens: 2, field: 'error' },
      'out-of-memory',
      'kv_full',
    ],
    [
      'an allocation failure',
      { type: 'error-event', afterTokens: 2, field: 'data', message: 'failed to allocate' },
      'out-of-memory',
      'alloc',
    ],
    [
      'an unknown failure',
      { type: 'error-event', afterTokens: 2, field: 'data', message: 'odd' },
      'internal',
      'server_error_500',
    ],
    ['garbage', raw('data: {"content": oh\n\n'), 'adapter', 'bad_stream'],
    ['an event of another shape', raw('data: {"choices":[]}\n\n'), 'adapter', 'bad_stream'],
    ['an event that is no object', raw('data: 7\n\n'), 'adapter', 'bad_stream'],
    ['invalid UTF-8', raw(Buffer.from([...Buffer.from('data: "'), 0xff, 0x22, 0x0a, 0x0a])), 'adapter', 'bad_stream'],
    ['a line over 1 MiB', raw('x'.repeat(1024 * 1024 + 1)), 'adapter', 'bad_stream'],
  ])('after two tokens maps %s (ORCH-3054)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, events, text: received } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(received).toBe(' two three');
    expect(events.every((event) => event.type === 'token')).toBe(true);
    await until(() => fake.stats.busySlots === 0);
  });

  it.each<[string, Fault, string, string]>([
    [
      'an error event at once',
      { type: 'error-event', afterTokens: 0, field: 'data', message: 'odd' },
      'internal',
      'server_error_500',
    ],
    ['200 with an error body', reply(200, '{"error":{"code":500,"message":"m","type":"t"}}'), 'internal', 't_500'],
    ['503 while loading', reply(503, '{"error":{"message":"Loading model"}}'), 'unavailable', 'loading'],
    ['503 without a slot', reply(503, '{"error":{"message":"no slot available"}}'), 'unavailable', 'overloaded'],
    ['502 of a gateway', reply(502, '<html>bad gateway</html>'), 'unavailable', 'unreachable'],
    [
      'a 500 for our JSON',
      reply(500, '{"error":{"message":"[json.exception.parse_error.101] secret words"}}'),
      'adapter',
      'bad_request',
    ],
    ['a bad schema', reply(400, '{"error":{"message":"failed to parse grammar"}}'), 'invalid-input', 'not_supported'],
    ['another 400', reply(400, '{"error":{"message":"odd"}}'), 'invalid-input', 'refused'],
  ])('before the first token maps %s (ORCH-3054)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, events } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(events).toEqual([]);
    expect(error?.message).not.toContain('secret words');
    fake.fault(undefined);
    expect((await run(connection, ENDLESS)).error).toBeUndefined();
  });

  it('calls a TCP reset the loss of the engine, whatever it swallowed (ORCH-3054)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'reset', afterTokens: 2 });
    const { error } = await run(connection, ENDLESS);
    expect(error?.code).toBe('reset');
    expect(error?.reason).toMatch(/^(stream_truncated|no_reply)$/);
  });

  it('tells the loss of the engine within 500 ms of the end of the socket (ORCH-3054)', async () => {
    const { connection, fake } = await start({ tps: 100 });
    let isTold = false;
    let told: Promise<number> | undefined;
    const { error } = await run(connection, ENDLESS, undefined, () => {
      if (told !== undefined) return;
      void fake.close();
      told = msUntil(() => isTold);
    });
    isTold = true;
    expect(error?.code).toBe('reset');
    expect(await told).toBeLessThan(500);
    expect((await run(connection, ENDLESS)).error).toMatchObject({ code: 'unavailable', reason: 'unreachable' });
  });

  it('never breaks a character when each byte comes alone (OC-ADAPT-5001)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'byte-writes' });
    expect((await run(connection, UNICODE)).text).toBe('🦙 🦙 ');
  });

  it('limits the first byte and the silence apart (ORCH-3054)', async () => {
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

  it('gives no event for a flood of comments and stays cancellable (ORCH-3017)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'comments', afterTokens: 1, perTick: 2_000 });
    const abort = new AbortController();
    let batches = 0;
    const result = await run(connection, ENDLESS, abort.signal, () => {
      batches += 1;
      setTimeout(() => abort.abort(), 50);
    });
    expect(batches).toBe(1);
    expect(result.error).toBeUndefined();
    await until(() => fake.stats.busySlots === 0);
  });
});
