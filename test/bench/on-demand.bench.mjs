// Run by hand, after a build: node test/bench/on-demand.bench.mjs
// Two models that do not fit together, on virtual time: a swap for every request that needs one, in order of arrival,
// against the residents of the daemon.
import { parseConfig } from '../../dist/config/index.js';
import { Clock } from '../../dist/kernel/clock.js';
import { SeededRandom } from '../../dist/kernel/random.js';
import { LoadTimes } from '../../dist/pools/on-demand/load-times.js';
import { Residents } from '../../dist/pools/on-demand/residents.js';
import { Pool } from '../../dist/pools/pool.js';

const LOAD_MS = 8_000;
const SERVICE_MS = 1_500;
const FOR_MS = 600_000;
const RULES = { minLoadedMs: 0, maxTurnMs: 120_000 };
const BYTES = 60;
const CAPACITY = 100;

class VirtualClock extends Clock {
  time = 0;
  timers = [];

  now() {
    return this.time;
  }

  epochMs() {
    return this.time;
  }

  schedule(delayMs, run) {
    const timer = { at: this.time + Math.max(0, delayMs), run };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  /** Runs until nothing is left to do, or `until` is reached. */
  async runTo(until) {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) return;
      this.timers = this.timers.filter((other) => other !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
  }
}

/** Pools of one slot each, that share one device. */
class World {
  clock = new VirtualClock();
  times = new LoadTimes(() => undefined);
  held = new Set();
  loads = 0;
  waits = [];
  launches = new Map();

  constructor(ids) {
    const config = parseConfig({
      pools: ids.map((id) => ({ id, engine: 'mock', model: id, allow_mock: true, preload: false })),
    });
    this.all = config.pools.map((pool) => new Pool(pool, undefined));
    for (const { replicas } of this.all) replicas[0].moveTo('unloaded');
    this.queues = new Map(this.all.map((pool) => [pool.id, []]));
    this.busy = new Set();
    const memory = { wouldFit: (_pool, _id, gone) => this.fits(gone), meet: () => true };
    this.residents = new Residents({ clock: this.clock, rules: RULES, memory, times: this.times });
    this.residents.start(this, {
      waitingIn: (id) => this.queues.get(id).length,
      busySlotsOf: (id) => (this.busy.has(id) ? 1 : 0),
      doneInMs: (id) => (this.busy.has(id) ? SERVICE_MS : 0),
    });
  }

  fits(gone) {
    const kept = [...this.held].filter((id) => !gone.has(id));
    return (kept.length + 1) * BYTES <= CAPACITY;
  }

  submit(id) {
    this.queues.get(id).push(this.clock.now());
    this.serve(this.all.find((pool) => pool.id === id));
    this.residents.look();
  }

  serve(pool) {
    const queue = this.queues.get(pool.id);
    if (!pool.replicas[0].ready || this.busy.has(pool.id) || queue.length === 0) return;
    this.waits.push(this.clock.now() - queue.shift());
    this.busy.add(pool.id);
    this.clock.schedule(SERVICE_MS, () => {
      this.busy.delete(pool.id);
      this.endMs = this.clock.now();
      this.serve(pool);
      this.residents.look();
    });
  }

  wake(id) {
    const pool = this.all.find(({ replicas }) => replicas[0].id === id);
    const [replica] = pool.replicas;
    if (replica.state !== 'unloaded') return;
    replica.moveTo('starting');
    const stop = new AbortController();
    this.launches.set(id, { stop });
    void this.residents
      .claim(pool, replica, stop.signal, () => this.launch(id))
      .then(
        (launch) => {
          this.launches.set(id, { launch });
          this.clock.schedule(LOAD_MS, () => this.ready(pool, launch));
        },
        () => undefined,
      );
  }

  async launch(id) {
    if (!this.fits(new Set())) {
      throw Object.assign(new Error('full'), { name: 'EngineError', code: 'out-of-memory', reason: 'no_vram' });
    }
    this.held.add(id);
    return { endpoint: {}, end: async () => void this.held.delete(id) };
  }

  ready(pool, launch) {
    const [replica] = pool.replicas;
    this.loads++;
    launch.loaded();
    replica.moveTo('preloading');
    replica.moveTo('ready');
    this.serve(pool);
    this.residents.look();
  }

  async unload(id) {
    const replica = this.all.map(({ replicas }) => replicas[0]).find((one) => one.id === id);
    const { launch, stop } = this.launches.get(id);
    stop?.abort();
    replica.moveTo('unloaded');
    await launch?.end();
  }

  pause(_pool, replica) {
    replica.moveTo('draining');
  }

  resume(pool, replica) {
    replica.moveTo('ready');
    this.serve(pool);
  }
}

/** Poisson arrivals, each for one of the two models by chance. */
function arrivalsOf(meanMs, random) {
  const arrivals = [];
  for (let at = 0; at < FOR_MS;) {
    at += -Math.log(1 - random.next()) * meanMs;
    arrivals.push({ at, id: random.next() < 0.5 ? 'a' : 'b' });
  }
  return arrivals;
}

/** In order of arrival, with a swap for every request whose model is not the loaded one. */
function naive(arrivals) {
  const waits = [];
  let [free, loaded, loads] = [0, undefined, 0];
  for (const { at, id } of arrivals) {
    let start = Math.max(at, free);
    if (loaded !== id) {
      start += LOAD_MS;
      loads++;
    }
    loaded = id;
    waits.push(start - at);
    free = start + SERVICE_MS;
  }
  return { waits, loads, endMs: free };
}

async function ours(arrivals) {
  const world = new World(['a', 'b']);
  for (const { at, id } of arrivals) world.clock.schedule(at, () => world.submit(id));
  for (let end = 0; world.waits.length < arrivals.length && end < 100 * FOR_MS; end += 10_000) {
    await world.clock.runTo(end);
  }
  return { waits: world.waits, loads: world.loads, endMs: world.endMs };
}

function shown({ waits, loads, endMs }) {
  const sorted = waits.toSorted((a, b) => a - b);
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
  const mean = waits.reduce((sum, ms) => sum + ms, 0) / waits.length;
  return {
    served: waits.length,
    loads,
    'loads/min': ((loads * 60_000) / endMs).toFixed(1),
    'mean wait': seconds(mean),
    'p95 wait': seconds(sorted[Math.floor(sorted.length * 0.95)]),
    'done after': seconds(endMs),
  };
}

console.log(`two models, one fits; load ${LOAD_MS} ms, answer ${SERVICE_MS} ms, ${FOR_MS / 1000} s of arrivals`);
let failed = false;
for (const meanMs of [60_000, 20_000, 8_000, 4_000, 2_500]) {
  const arrivals = arrivalsOf(meanMs, new SeededRandom(7));
  const [plain, mine] = [naive(arrivals), await ours(arrivals)];
  console.log(`\none request every ${meanMs / 1000} s`);
  console.table({ 'swap per request': shown(plain), residents: shown(mine) });
  failed ||= mine.waits.length !== arrivals.length || mine.loads > plain.loads;
}
if (failed) {
  console.error('a request was lost, or there were more loads than with a swap per request');
  process.exitCode = 1;
}
