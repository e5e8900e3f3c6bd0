import { chat, closeAll, msUntil, NEVER, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 400 });

describe('cancel of the llamacpp adapter', () => {
  afterEach(closeAll);

  it('yields nothing after the abort and returns when the slot is free (ORCH-3017, ORCH-3026)', async () => {
    const { connection, fake } = await start({ tps: 100, slots: 1 });
    const abort = new AbortController();
    let closed: Promise<number> | undefined;
    const { error, events } = await run(connection, ENDLESS, abort.signal, () => {
      abort.abort();
      closed = msUntil(() => fake.stats.abandoned === 1);
    });
    expect(error).toBeUndefined();
    expect(events).toHaveLength(1);
    expect(await closed).toBeLessThan(1_000);
    expect(fake.stats.busySlots).toBe(0);
    expect(fake.stats.abandoned).toBe(1);
    expect(fake.stats.calls['GET /slots']).toBeGreaterThan(0);
    expect((await run(connection, request(text(' one')))).events.at(-1)?.type).toBe('end');
  });

  it('leaves neighbours alone and does not wait for their slots (ORCH-3017)', async () => {
    const { connection, fake } = await start({ tps: 100, slots: 2 });
    const neighbour = run(connection, request(text(' one'), { maxTokens: 40 }));
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    expect(fake.stats.busySlots).toBe(1);
    expect((await neighbour).events.at(-1)).toMatchObject({ usage: { completionTokens: 40 } });
  });

  it('waits for a slot that clings, but no longer than a second (ORCH-3017)', async () => {
    const { connection, fake, logs } = await start({ tps: 100, slots: 1 });
    fake.fault({ type: 'clinging-slot', ms: 150 });
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    expect(fake.stats.busySlots).toBe(0);
    expect(logs).toEqual([]);
    fake.fault({ type: 'clinging-slot', ms: 60_000 });
    const stuck = new AbortController();
    await run(connection, ENDLESS, stuck.signal, () => stuck.abort());
    expect(fake.stats.busySlots).toBe(1);
    expect(logs.join()).toContain('not confirmed free');
  });

  it.each([
    ['the option says so', {}, { confirm_cancel: false }],
    ['the server has no /slots', { slotsRoute: false }, {}],
  ])('does not ask for slots when %s (ORCH-3054)', async (_, server, options) => {
    const { connection, fake } = await start({ tps: 100, ...server }, options);
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    expect(fake.stats.calls['GET /slots']).toBeUndefined();
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

  it('cancels while the prompt is read, and before anything is sent (ORCH-3017)', async () => {
    const { connection, fake } = await start({ prefillMs: 60_000, slots: 1 });
    const abort = new AbortController();
    const reading = run(connection, ENDLESS, abort.signal);
    await until(() => fake.stats.busySlots === 1);
    abort.abort();
    expect((await reading).events).toEqual([]);
    expect(fake.stats.busySlots).toBe(0);
    expect(await run(connection, request(chat('hello')), AbortSignal.abort())).toMatchObject({
      events: [],
      error: undefined,
    });
    expect(fake.stats.completions).toBe(1);
  });

  it('does nothing for an abort after the end (ORCH-3017)', async () => {
    const { connection, fake } = await start();
    const abort = new AbortController();
    const { events } = await run(connection, request(text(' one')), abort.signal);
    abort.abort();
    expect(events.at(-1)?.type).toBe('end');
    expect(fake.stats.abandoned).toBe(0);
  });

  it('drops what was read but not yet taken when the abort comes (ORCH-3026)', async () => {
    const { connection, fake } = await start();
    const abort = new AbortController();
    const events = connection.generate(request(text(' one')), abort.signal)[Symbol.asyncIterator]();
    await until(() => fake.stats.completions === 1 && fake.stats.busySlots === 0);
    abort.abort();
    expect((await events.next()).done).toBe(true);
  });

  it('frees the slot when the consumer stops iterating (ORCH-3017)', async () => {
    const { connection, fake } = await start({ tps: 100, slots: 1 });
    for await (const batch of connection.generate(ENDLESS, NEVER)) if (batch.length > 0) break;
    expect(fake.stats.busySlots).toBe(0);
  });

  it('stops reading when the consumer does not take, and loses nothing (ORCH-4507)', async () => {
    const { connection, fake } = await start({ contextTokens: 1_000_000 });
    const wanted = request(text(' one'), { maxTokens: 100_000 });
    const events = connection.generate(wanted, NEVER)[Symbol.asyncIterator]();
    let before = -1;
    await until(() => fake.stats.tokensDecoded > 0 && before === (before = fake.stats.tokensDecoded));
    expect(fake.stats.tokensDecoded).toBeLessThan(100_000);
    let tokens = 0;
    for (let next = await events.next(); next.done !== true; next = await events.next()) {
      for (const event of next.value) if (event.type === 'token') tokens += 1;
    }
    expect(tokens).toBe(100_000);
  });

  it('keeps sixteen streams apart (ORCH-3054)', async () => {
    const { connection } = await start({ slots: 16, tps: 500 });
    const words = [' one', ' two', ' three', ' four'];
    const runs = Array.from({ length: 16 }, (_, index) =>
      run(connection, request(text(words[index % 4] ?? ''), { maxTokens: 20 })),
    );
    const alone = await Promise.all(
      words.map(async (word) => (await run(connection, request(text(word), { maxTokens: 20 }))).text),
    );
    expect((await Promise.all(runs)).map((one) => one.text)).toEqual(
      Array.from({ length: 16 }, (_, index) => alone[index % 4]),
    );
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
