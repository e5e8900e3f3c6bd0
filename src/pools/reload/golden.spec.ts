import { FakeClock, settle } from '../../../test/support/fake-clock.js';
import { FakeAdapter, type FakeConnection, type FakeRun } from '../../../test/support/fake-engine.js';
import { poolOf } from '../../../test/support/pools.js';
import { type Replica } from '../replica.js';
import { tryOut } from './golden.js';

const NEVER = new AbortController().signal;
const clock = new FakeClock();

async function replicaWith(more: object = {}): Promise<{ replica: Replica; engine: FakeConnection }> {
  const replica = poolOf('p', { description: more }).replicas[0]!;
  const engine = await new FakeAdapter().connect(replica.endpoint);
  replica.connection = engine;
  return { replica, engine };
}

/** Answers one run after the other until no further one comes. */
async function play(engine: FakeConnection, answer: (run: FakeRun, at: number) => Promise<void> | void): Promise<void> {
  for (let at = 0; engine.runs[at] !== undefined; at++) {
    await answer(engine.runs[at]!, at);
    await settle();
  }
}

const tryWith = async (
  more: object,
  answer: (run: FakeRun, at: number) => Promise<void> | void,
  enough?: number,
): Promise<{ speed: number | undefined; asked: number }> => {
  const { replica, engine } = await replicaWith(more);
  const trying = tryOut(replica, enough, clock, NEVER);
  trying.catch(() => {});
  await settle();
  await play(engine, answer);
  return { speed: await trying, asked: engine.runs.length };
};

/** Eight tokens, one each 10 ms. */
async function eightTokens(run: FakeRun): Promise<void> {
  for (let count = 0; count < 8; count++) {
    run.tokens('a ');
    await settle();
    await clock.advance(10);
  }
  run.end('length');
}

describe('A new model that is tried out', () => {
  it('answers each test prompt twice, greedily, and tells how fast it was (ORCH-2102)', async () => {
    const requests: unknown[] = [];
    const { speed, asked } = await tryWith({}, (run) => {
      const { sampling, prompt, maxTokens } = run.request;
      requests.push([sampling.temperature, prompt.type, maxTokens]);
      return eightTokens(run);
    });
    expect(asked).toBe(4);
    expect(new Set(requests.map((request) => JSON.stringify(request)))).toEqual(new Set(['[0,"text",16]']));
    expect(speed).toBeGreaterThan(80);
    expect(speed).toBeLessThan(110);
  });

  it('is asked once where its engine does not promise equal answers (ORCH-2102)', async () => {
    const { asked } = await tryWith({ determinism: 'best_effort' }, (run, at) => {
      run.tokens(`answer ${at}`);
      run.end();
    });
    expect(asked).toBe(2);
  });

  it('is measured again while it is slower than asked, but not for ever (ORCH-2102)', async () => {
    expect((await tryWith({}, eightTokens, 1_000)).asked).toBe(12);
    expect((await tryWith({}, eightTokens, 50)).asked).toBe(4);
  });

  it.each<readonly [string, (run: FakeRun, at: number) => void, object]>([
    ['nothing', (run) => run.end(), { reason: 'golden_empty' }],
    ['the same prompt in two ways', (run, at) => (run.tokens(`answer ${at}`), run.end()), { reason: 'golden_differs' }],
    ['without an end', (run) => (run.tokens('a'), run.close()), { code: 'internal' }],
    ['with an error', (run) => run.fail(new Error('broken')), { message: 'broken' }],
  ])('that answers %s is refused (ORCH-2102)', async (_, answer, refusal) => {
    await expect(tryWith({}, answer)).rejects.toMatchObject(refusal);
  });

  it('that was lost is refused; one that does not complete texts is not asked (ORCH-2102)', async () => {
    const lost = poolOf('p', { description: null }).replicas[0]!;
    await expect(tryOut(lost, undefined, clock, NEVER)).rejects.toMatchObject({ reason: 'replica_lost' });
    expect(await tryWith({ workloads: ['embedding'] }, () => {})).toEqual({ speed: undefined, asked: 0 });
  });

  it('has a limit of time for each answer (ORCH-2102)', async () => {
    const { replica } = await replicaWith();
    const trying = tryOut(replica, undefined, clock, NEVER);
    trying.catch(() => {});
    await settle();
    await clock.advance(60_000);
    await expect(trying).rejects.toMatchObject({ code: 'timeout' });
  });
});
