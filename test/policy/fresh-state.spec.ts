import { type RequestEvent } from '@llama-orch/policy-sdk/abi';
import { type OpenedPolicy, openPolicy } from '../../src/policy-host/in-process.js';
import { type PolicyOutcome } from '../../src/policy-host/sandbox/chain.js';
import { COUNTERS } from './counters.js';
import { requestEvent } from './events.js';
import { doing } from './modules.js';
import { describeIn, moduleOf } from './package-of-text.js';
import { installable, Pools, requestCall } from './pool-rig.js';

const PATHS = ['/first', '/second', '/grow', '/third', '/end', '/fourth', '/end', '/fifth'];
/** A compiler on a busy machine. */
const COMPILER_MS = 60_000;

/** Each of another session, tenant and task. */
function events(): RequestEvent[] {
  const { url } = requestEvent().request;
  return PATHS.map((path, index) =>
    requestEvent(
      { url: { ...url, path } },
      {
        session: { id: `s-${index}`, tenant: `t-${index}`, labels: {} },
        task: { id: `k-${index}`, attempt: 1, labels: {} },
      },
    ),
  );
}

/** What a policy may know: one call, and the path of this one. */
function expectOneCall({ error, decision }: PolicyOutcome, path: string): void {
  if (error !== undefined) {
    expect([path, error.code]).toEqual(['/end', expect.stringMatching(/^POLICY_(TRAP|GUEST_ERROR)$/)]);
    return;
  }
  const { heap = '', ...counts } = decision?.labels ?? {};
  expect(['', '1', path]).toContain(heap);
  expect(counts.global).toBe('1');
  expect(new Set(Object.values(counts))).toEqual(new Set(['1']));
}

for (const counter of COUNTERS)
  describeIn(counter.language, `a policy that counts, in ${counter.language}`, () => {
    const pools = new Pools();
    let bytes: Uint8Array;
    beforeAll(async () => void (bytes = await moduleOf(counter.language, counter.source)), COMPILER_MS);
    afterEach(() => pools.close());

    it.each(['extism', 'plain'] as const)(
      'finds nothing of earlier calls, by the %s engine (OC-POLICY-4010)',
      async (engine) => {
        const policy: OpenedPolicy = await openPolicy(bytes, { engine });
        try {
          for (const event of events()) {
            expectOneCall(await policy.decide('on_request', event), event.request.url.path);
          }
        } finally {
          await policy.close();
        }
      },
    );

    it('finds nothing of calls of other sessions in a worker (OC-POLICY-4010)', async () => {
      const pool = await pools.with([installable(bytes)], { workers: 1 });
      for (const event of events()) {
        const { outcomes } = await pool.run(requestCall({ event }));
        expectOneCall(outcomes[0]!, event.request.url.path);
      }
    });

    it('takes the same fuel each time, whatever came before (OC-POLICY-4001)', async () => {
      const policy = await openPolicy(bytes);
      const event = requestEvent();
      const fuels: number[] = [];
      try {
        for (const other of events()) {
          await policy.decide('on_request', other);
          fuels.push((await policy.decide('on_request', event)).fuel);
        }
      } finally {
        await policy.close();
      }
      expect(new Set(fuels).size).toBe(1);
    });
  });

it.each(['var_get', 'var_set'])(
  'a policy that asks for %s, which outlives a call, is not loaded (OC-POLICY-4010)',
  async (name) => {
    const type = name === 'var_get' ? '(param i64) (result i64)' : '(param i64 i64)';
    const bytes = await doing('', { imports: `(import "extism:host/env" "${name}" (func $var ${type}))` });
    await expect(openPolicy(bytes)).rejects.toMatchObject({ code: 'POLICY_IMPORT' });
  },
);
