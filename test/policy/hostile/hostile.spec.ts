import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { prepareModule } from '../../../src/policy-host/module/prepare.js';
import { requestEvent } from '../events.js';
import { answering } from '../modules.js';
import { installable, Pools, requestCall } from '../pool-rig.js';
import { HOSTILE_CALLS, HOSTILE_KEEPERS, HOSTILE_MODULES, HOSTILE_STARTS } from './corpus.js';

const pools = new Pools();
afterEach(() => pools.close());

const GOOD = { decision: 'deny', code: 'GOOD' } as const;

describe('A hostile policy', () => {
  it.each(HOSTILE_CALLS)(
    'is ended with $code for $name, and the next call is answered (OC-POLICY-4011)',
    async (hostile) => {
      const bad = installable(await hostile.module(), { id: 'bad', limits: hostile.limits ?? {} });
      const good = installable(await answering(GOOD), { id: 'good' });
      const pool = await pools.with([bad, good]);
      const outcome = await pool.run(requestCall({ only: ['bad'] }));
      expect({ decision: outcome.decision, code: outcome.code }).toEqual({ decision: 'deny', code: hostile.code });
      expect((await pool.run(requestCall({ only: ['good'] }))).code).toBe('GOOD');
      expect((await pool.run(requestCall({ only: ['bad'] }))).code).toBe(hostile.code);
    },
  );

  it.each(HOSTILE_MODULES)(
    'is not loaded for $name ($code) (OC-POLICY-4010)',
    async ({ module, code, limits = {} }) => {
      const bytes = await module();
      expect(() => prepareModule(bytes, limits)).toThrow(expect.objectContaining({ code }));
    },
  );

  it.each(HOSTILE_STARTS)(
    'is not installed for $name ($code), and the set before goes on (OC-POLICY-4011)',
    async (hostile) => {
      const good = installable(await answering(GOOD), { id: 'good' });
      const pool = await pools.with([good]);
      const bad = installable(await hostile.module(), { id: 'bad', limits: { startFuel: 2_000_000 } });
      await expect(pool.install({ policies: [good, bad] })).rejects.toMatchObject({ code: hostile.code });
      await expect(pool.examine({ prepared: bad.prepared, cases: [] })).rejects.toMatchObject({ code: hostile.code });
      expect((await pool.run(requestCall())).code).toBe('GOOD');
    },
  );

  it.each(HOSTILE_KEEPERS)('finds nothing that it kept $name (OC-POLICY-4010)', async ({ module }) => {
    const pool = await pools.with([installable(await module())]);
    for (const number of [1, 2, 3]) {
      const event = requestEvent({}, { session: { id: `s-${number}`, tenant: `t-${number}`, labels: {} } });
      const { decision, code } = await pool.run(requestCall({ event }));
      expect([number, decision, code]).toEqual([number, 'deny', 'FRESH']);
    }
  });

  it('gives its memory back, and never keeps a good one from its answer (OC-POLICY-4011)', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--no-warnings', PRESSURE, '1']);
    const { wrong, unanswered, keptMb } = JSON.parse(stdout) as Record<string, unknown>;
    expect({ wrong, unanswered }).toEqual({ wrong: [], unanswered: 0 });
    expect(keptMb).toBeLessThanOrEqual(MOST_KEPT_MB);
  }, 300_000);
});

const PRESSURE = join(import.meta.dirname, 'pressure.mjs');
const MOST_KEPT_MB = 20;
