import { parseConfig } from '../../src/config/index.js';
import { SeededRandom } from '../../src/kernel/random.js';
import { Metrics } from '../../src/observability/metrics.js';
import { type Launcher, NOTHING_TO_LAUNCH } from '../../src/pools/launch.js';
import { Pool } from '../../src/pools/pool.js';
import { type Replica } from '../../src/pools/replica.js';
import { Supervisor } from '../../src/pools/supervisor.js';
import { FakeAdapter } from './fake-engine.js';
import { FakeClock, settle } from './fake-clock.js';
import { QuietLogger } from './quiet-logger.js';

const FACTS = {
  id: 'p',
  engine: 'fake',
  model: 'm',
  backoff: { initial_ms: 1000, jitter: 0, reset_ms: 300_000 },
  breaker: { failures: 3, window_ms: 600_000, open_ms: 300_000 },
  probe: { interval_ms: 2000, timeout_ms: 1000, fail_threshold: 3 },
  timeouts: { load_ms: 10_000 },
};

/** A pool whose replicas are supervised on a clock that a test moves; `told` is what those above heard. */
export function supervised(facts: object = {}, launcher: Launcher = NOTHING_TO_LAUNCH) {
  const clock = new FakeClock();
  const adapter = new FakeAdapter();
  const logger = new QuietLogger();
  const metrics = new Metrics();
  const pool = new Pool(parseConfig({ pools: [{ ...FACTS, ...facts }] }).pools[0]!, adapter);
  const told: string[] = [];
  const hear = (what: string) => (_pool: Pool, replica?: Replica) =>
    void told.push(replica === undefined ? what : `${what} ${replica.id}`);
  const listener = {
    replicaReady: hear('ready'),
    replicaLost: hear('lost'),
    poolFailed: () => void told.push('failed'),
  };
  const ports = { clock, random: new SeededRandom(1), logger, metrics, listener, launcher };
  const supervisors = pool.replicas.map((replica) => new Supervisor(pool, replica, ports));
  const begin = (onDemand?: boolean) => supervisors.forEach((supervisor) => supervisor.start(onDemand));
  const stop = () => Promise.all(supervisors.map((supervisor) => supervisor.stop()));
  const [replica] = pool.replicas;
  return {
    ...{ clock, adapter, logger, metrics, pool, told, begin, stop },
    replica: replica!,
    supervisor: supervisors[0]!,
  };
}

/** See {@link supervised}; its replicas are Ready. */
export async function ready(facts: object = {}, launcher?: Launcher) {
  const world = supervised(facts, launcher);
  world.begin();
  await settle();
  expect(world.pool.state).toBe('ready');
  return world;
}
