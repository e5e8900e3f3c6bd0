import { type Fault } from '../../../test/support/fake-engines/fault.js';
import { chat, closeAll, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });
const raw = (bytes: string | Buffer): Fault => ({ type: 'raw', afterTokens: 2, bytes: Buffer.from(bytes) });
const reply = (status: number, body: string): Fault => ({ type: 'reply', status, body });
const failure = (error: string, error_type: string): string => JSON.stringify({ error, error_type });

describe('tgi adapter under faults', () => {
  afterEach(closeAll);

  it.each<[string, Fault, string, string]>([
    ['a killed server', { type: 'fin', afterTokens: 2 }, 'reset', 'stream_truncated'],
    ['an end without the whole text', { type: 'early-end', afterTokens: 2 }, 'reset', 'stream_truncated'],
    ['an error event', { type: 'error-event', afterTokens: 2 }, 'internal', 'generation_500'],
    ['a full GPU', { type: 'error-event', afterTokens: 2, message: 'CUDA out of memory' }, 'out-of-memory', 'alloc'],
    ['garbage', raw('data: {"token": oh\n\n'), 'adapter', 'bad_stream'],
    ['an event of another shape', raw('data: {"choices":[]}\n\n'), 'adapter', 'bad_stream'],
    [
      'half a character',
      raw(Buffer.from([...Buffer.from('data: "'), 0xf0, 0x9f, 0x22, 0x0a, 0x0a])),
      'adapter',
      'bad_stream',
    ],
    ['a line over 1 MiB', raw('x'.repeat(1024 * 1024 + 1)), 'adapter', 'bad_stream'],
  ])('after two tokens maps %s (ORCH-3056)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, text: received, events } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(received).toBe(' two three');
    expect(events.every((event) => event.type === 'token')).toBe(true);
    await until(() => fake.stats.busySlots === 0);
  });

  it.each<[string, Fault, string, string]>([
    ['an error event at once', { type: 'error-event', afterTokens: 0 }, 'internal', 'generation_500'],
    ['424', reply(424, failure('Request failed', 'generation')), 'internal', 'generation_500'],
    ['422', reply(422, failure('odd', 'validation')), 'invalid-input', 'refused'],
    ['429', reply(429, failure('Model is overloaded', 'overloaded')), 'unavailable', 'overloaded'],
    ['500', reply(500, failure('Incomplete generation', 'incomplete_generation')), 'reset', 'engine_fault'],
    ['200 with an error body', reply(200, failure('Request failed', 'generation')), 'internal', 'generation_500'],
    ['200 with a page', reply(200, '<html>'), 'adapter', 'bad_stream'],
    ['401', reply(401, ''), 'unavailable', 'engine_auth'],
    ['502 of a gateway', reply(502, '<html>'), 'unavailable', 'unreachable'],
  ])('before the first token maps %s (ORCH-3056)', async (_, fault, code, reason) => {
    const { connection, fake } = await start();
    fake.fault(fault);
    const { error, events } = await run(connection, ENDLESS);
    expect([error?.code, error?.reason]).toEqual([code, reason]);
    expect(events).toEqual([]);
    fake.fault(undefined);
    expect((await run(connection, ENDLESS)).error).toBeUndefined();
  });

  it('never breaks a character when each byte comes alone (OC-ADAPT-5010)', async () => {
    const { connection, fake } = await start();
    fake.fault({ type: 'byte-writes' });
    const { text: received, events } = await run(connection, request(chat('llama'), { maxTokens: 10 }));
    expect(received).toBe('🦙 🦙 ');
    expect(events.at(-1)).toMatchObject({ usage: { completionTokens: 10, exact: true } });
  });

  it('limits the first byte and the silence apart (ORCH-3056)', async () => {
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
