import { ConfigError, parseConfig } from './index.js';

const HASH = `hmac-sha256:${'0'.repeat(32)}:${'0'.repeat(64)}`;
const POOL = { id: 'p', engine: 'embedded', model: 'm' };

function pathsOfProblems(config: object): readonly string[] {
  try {
    parseConfig(config);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path }) => path ?? '');
    throw error;
  }
  return [];
}

const key = (limits: object, more: object = {}) => ({ auth: { keys: [{ id: 'k', hash: HASH, limits, ...more }] } });
const pool = (members: object) => ({ pools: [{ ...POOL, ...members }] });

describe('Limits in the configuration', () => {
  it('are off unless they are written (ORCH-3006, ORCH-3036, ORCH-3077)', () => {
    const config = parseConfig({ auth: { keys: [{ id: 'k', hash: HASH }] }, pools: [POOL] });
    expect([config.auth.keys[0]?.limits, config.tenants, config.slo]).toEqual([undefined, [], undefined]);
    expect(config.pools[0]?.adaptive_concurrency.enabled).toBe(false);
    expect(config.pools[0]?.admission.priorities.map((entry) => entry.rate_limit_rps)).toEqual([undefined, undefined]);
  });

  it('have the objectives of the contract as soon as there is a section for them (ORCH-3041, ORCH-3040)', () => {
    expect(parseConfig({ slo: {} }).slo).toEqual({
      interactive: { ttft_p95_ms: 900 },
      shed_after_ms: 60_000,
      recover_after_ms: 60_000,
    });
  });

  it.each([
    ['a rate of a key', key({ rps: 0.5, burst: 3 })],
    ['a tenant that is not listed', key({ rps: 1 }, { tenant: 'unlisted' })],
    ['a tenant that no key has yet', { tenants: [{ id: 'later', rps: 1 }] }],
    ['a weight of a tenant', { tenants: [{ id: 'a', weight: 0.5 }] }],
    ['a weight of a class', pool({ admission: { priorities: [{ name: 'batch', weight: 2 }] } })],
    ['a rate of a class', pool({ admission: { priorities: [{ name: 'batch', rate_limit_rps: 2.5 }] } })],
    ['a range of slots', pool({ slots: 8, adaptive_concurrency: { enabled: true, min: 2, max: 8 } })],
  ])('may be %s (OC-CONFIG-6001, ORCH-4109)', (_what, config) => {
    expect(pathsOfProblems(config)).toEqual([]);
  });

  it.each([
    ['a burst without a rate', key({ burst: 3 }), 'auth.keys[0].limits.rps'],
    ['a rate of nothing', key({ rps: 0 }), 'auth.keys[0].limits.rps'],
    ['a burst of nothing', key({ rps: 1, burst: 0 }), 'auth.keys[0].limits.burst'],
    ['a tenant listed twice', { tenants: [{ id: 'a' }, { id: 'a' }] }, 'tenants[1].id'],
    ['a limit that nobody keeps', { tenants: [{ id: 'a', kv_mb: 5 }] }, 'tenants[0].kv_mb'],
    ['a tenant that weighs nothing', { tenants: [{ id: 'a', weight: 0 }] }, 'tenants[0].weight'],
    ['no task at once', { tenants: [{ id: 'a', max_concurrent: 0 }] }, 'tenants[0].max_concurrent'],
    ['an objective that nobody watches', { slo: { batch: {} } }, 'slo.batch'],
    [
      'more least slots than most',
      pool({ adaptive_concurrency: { min: 3, max: 2 } }),
      'pools[0].adaptive_concurrency.min',
    ],
    [
      'more slots than there are',
      pool({ slots: 2, adaptive_concurrency: { max: 3 } }),
      'pools[0].adaptive_concurrency.max',
    ],
  ])('may not be %s (OC-CONFIG-6002)', (_what, config, path) => {
    expect(pathsOfProblems(config)).toEqual([path]);
  });
});
