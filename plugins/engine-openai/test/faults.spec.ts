import { FAULT_NAMES, faultNamed } from '../../../test/support/fake-engines/fault-names.js';
import { closeAll, msUntil, request, run, start, text, until } from './support/fixture.js';

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
  'error-event': 'internal/server_error_500',
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

describe('openai adapter under faults', () => {
  afterEach(closeAll);

  it.each(FAULT_NAMES)('ends a generation under %s once and rightly (ORCH-3032)', async (name) => {
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

  it('closes the upstream within 250 ms of a cancel, twenty times (ORCH-3017, ORCH-3026)', async () => {
    const { connection, fake } = await start({ tps: 200, slots: 1 });
    for (let stream = 1; stream <= 20; stream++) {
      const abort = new AbortController();
      let closed: Promise<number> | undefined;
      await run(connection, request(text(' one'), { maxTokens: 400 }), abort.signal, () => {
        abort.abort();
        closed = msUntil(() => fake.stats.abandoned === stream && fake.stats.busySlots === 0);
      });
      expect(await closed).toBeLessThan(250);
    }
  });

  it('ends running streams when it is closed, twice without harm (ORCH-4507)', async () => {
    const { connection, fake } = await start({ tps: 20 });
    const running = run(connection, request(text(' one'), { maxTokens: 400 }));
    await until(() => fake.stats.busySlots === 1);
    await connection.close();
    await connection.close();
    expect((await running).error).toMatchObject({ code: 'unavailable', reason: 'closed' });
    await until(() => fake.stats.busySlots === 0);
  });
});
