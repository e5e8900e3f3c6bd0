import { closeAll, msUntil, NEVER, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });

describe('cancel of the vllm adapter', () => {
  afterEach(closeAll);

  it('closes the upstream within 250 ms and frees the slot, forty times (ORCH-3017, ORCH-3026)', async () => {
    const { connection, fake } = await start({ tps: 200, slots: 1 });
    const closedMs: number[] = [];
    for (let stream = 1; stream <= 40; stream++) {
      const abort = new AbortController();
      let closed: Promise<number> | undefined;
      const { error } = await run(connection, ENDLESS, abort.signal, () => {
        abort.abort();
        closed = msUntil(() => fake.stats.abandoned === stream);
      });
      expect(error).toBeUndefined();
      closedMs.push((await closed)!);
      expect([fake.stats.abandoned, fake.stats.busySlots]).toEqual([stream, 0]);
    }
    expect(Math.max(...closedMs)).toBeLessThan(250);
  });

  it('waits for a slot that clings, but no longer than a second (ORCH-3017)', async () => {
    const { connection, fake, logs } = await start({ tps: 100, slots: 1 });
    fake.fault({ type: 'clinging-slot', ms: 150 });
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    expect([fake.stats.busySlots, logs]).toEqual([0, []]);
    fake.fault({ type: 'clinging-slot', ms: 60_000 });
    const stuck = new AbortController();
    await run(connection, ENDLESS, stuck.signal, () => stuck.abort());
    expect(logs.join()).toContain('not confirmed gone');
  });

  it.each([
    ['the option says so', {}, { confirm_cancel: false }],
    ['the server tells no metrics', { metrics: false }, {}],
  ])('trusts the closed connection when %s (ORCH-3055)', async (_, server, options) => {
    const { connection, fake } = await start({ tps: 100, ...server }, options);
    expect((await connection.describe(NEVER)).features.cancelConfirmed).toBe(false);
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    await until(() => fake.stats.busySlots === 0);
  });

  it('takes a request out of the queue of the engine before a token is computed (ORCH-3017)', async () => {
    const { connection, fake } = await start({ slots: 1, tps: 20 });
    const holder = new AbortController();
    const held = run(connection, ENDLESS, holder.signal);
    await until(() => fake.stats.busySlots === 1);
    const waiting = new AbortController();
    const queued = run(connection, ENDLESS, waiting.signal);
    await until(() => fake.stats.deferred === 1);
    waiting.abort();
    expect((await queued).events).toEqual([]);
    expect(fake.stats.deferred).toBe(0);
    holder.abort();
    await held;
  });

  it('ends running streams when it is closed, twice without harm (ORCH-4507)', async () => {
    const { connection, fake } = await start({ tps: 20 });
    const running = run(connection, ENDLESS);
    await until(() => fake.stats.busySlots === 1);
    await connection.close();
    await connection.close();
    expect((await running).error).toMatchObject({ code: 'unavailable', reason: 'closed' });
    await until(() => fake.stats.busySlots === 0);
  });
});
