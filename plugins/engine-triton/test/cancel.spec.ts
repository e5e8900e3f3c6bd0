import { closeAll, msUntil, request, run, start, text, until } from './support/fixture.js';

const ENDLESS = request(text(' one'), { maxTokens: 4_000 });
const CANCELS = 40;
const CLOSE_MS = 250;

describe('cancel of the triton adapter', () => {
  afterEach(closeAll);

  it('closes the upstream within 250 ms in 99 of 100 (ORCH-3017)', async () => {
    const { connection, fake } = await start({ contextTokens: 10_000, tps: 500 });
    const waits: number[] = [];
    for (let cancel = 1; cancel <= CANCELS; cancel++) {
      const abort = new AbortController();
      let closed: Promise<number> | undefined;
      const { error } = await run(connection, ENDLESS, abort.signal, () => {
        abort.abort();
        closed = msUntil(() => fake.stats.abandoned === cancel);
      });
      expect(error).toBeUndefined();
      waits.push((await closed)!);
    }
    waits.sort((a, b) => a - b);
    expect(waits[Math.ceil(0.99 * CANCELS) - 1]).toBeLessThan(CLOSE_MS);
  });

  it('returns only when the gauge of TensorRT-LLM says that the slot is free (ORCH-3017)', async () => {
    const { connection, fake } = await start({ contextTokens: 10_000, tps: 500 });
    fake.fault({ type: 'clinging-slot', ms: 150 });
    const abort = new AbortController();
    let abortedAt = 0;
    await run(connection, ENDLESS, abort.signal, () => {
      abortedAt ||= performance.now();
      abort.abort();
    });
    expect(fake.stats.busySlots).toBe(0);
    expect(performance.now() - abortedAt).toBeGreaterThan(100);
  });

  it('waits a second at most, and says so (ORCH-3017)', async () => {
    const { connection, fake, logs } = await start({ contextTokens: 10_000, tps: 500 });
    fake.fault({ type: 'clinging-slot', ms: 60_000 });
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    expect(logs).toEqual(['a request was not confirmed gone within a second of a cancel']);
  });

  it('trusts the closed connection where the backend tells no gauge (ORCH-3017)', async () => {
    const { connection, fake, logs } = await start({ kind: 'vllm', contextTokens: 10_000, tps: 500 });
    fake.fault({ type: 'clinging-slot', ms: 60_000 });
    const abort = new AbortController();
    await run(connection, ENDLESS, abort.signal, () => abort.abort());
    await until(() => fake.stats.abandoned === 1);
    expect(logs).toEqual([]);
  });
});
