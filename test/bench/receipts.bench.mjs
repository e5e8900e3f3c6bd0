// Run by hand, after a build: node test/bench/receipts.bench.mjs
// What receipts cost: microseconds that each task takes longer (admission and dispatch), and bytes that each keeps.
import leastLoaded from '@llama-orch/placement-least-loaded';
import priorityFifo from '@llama-orch/queue-priority-fifo';
import { SeededRandom } from '../../dist/kernel/random.js';
import { emptyState } from '../../dist/scheduling/core/model.js';
import { step } from '../../dist/scheduling/core/step.js';
import { PoolOutlook } from '../../dist/scheduling/forecast/pool-outlook.js';
import { Receipts } from '../../dist/scheduling/receipts/receipts.js';

const KEPT = 10_000;
const TASKS = 20_000;
const WARM_UP = 5_000;
const TARGET_US = 50;
const noLog = { log: () => {} };
const clock = { now: () => performance.now(), epochMs: () => Date.now() };
const madeBy = { software: '0.0.0', plugins: { discipline: 'd@1', placement: 'p@1' } };

/** A pool whose slots are half taken, so that each task starts at once and its receipts are the largest there are. */
function newPool(replicas) {
  return {
    id: 'p',
    capacity: 100,
    classCapacity: { interactive: 100, batch: 100 },
    fullPolicy: { interactive: 'reject', batch: 'reject' },
    queue: priorityFifo.create({ batch_max_wait_ms: 60_000 }, noLog).createQueue(),
    strategy: leastLoaded.create({}, noLog),
    replicas: new Map(
      Array.from({ length: replicas }, (_, at) => {
        const labels = { zone: `zone-${at % 3}` };
        return [`p-${at}`, { id: `p-${at}`, labels, epoch: 1, slots: 8, busy: 0, ready: true, interruptible: false }];
      }),
    ),
    suspendedAt: [],
    suspending: 0,
  };
}

function run(replicas, kept) {
  const pool = newPool(replicas);
  const outlook = new PoolOutlook(pool, { prefill: 500, decode: 20 }, new SeededRandom(1));
  const receipts = new Receipts(clock, { kept, madeBy });
  const state = emptyState();
  state.pools.set(pool.id, pool);
  const open = [];
  let noting = 0;
  const once = (number) => {
    const key = `default/${number}`;
    const now = clock.now();
    const item = { taskId: key, priority: 'interactive', enqueuedAt: now, tenantId: 'default', cost: 100 };
    const request = { priority: 'interactive', tenantId: 'default', sessionId: null, maxTokens: 100, expectedTokens: undefined }; // prettier-ignore
    const begun = performance.now();
    const arrival = receipts.arrivalOf({ request, promptTokens: 50, deadlineAt: undefined }, outlook, now, []);
    let spent = performance.now() - begun;
    const [, commands] = step(state, { type: 'submitted', key, poolId: 'p', item, now });
    const noted = performance.now();
    for (const command of commands) receipts.note(command, { pool, arrival, start: { p50: 0, p90: 0 } });
    spent += performance.now() - noted;
    open.push(commands.find(({ type }) => type === 'dispatch'));
    if (open.length > replicas * 4) {
      const [{ key: ended, lease }] = open.splice((number * 31) % open.length, 1);
      step(state, { type: 'run-completed', key: ended, lease });
      step(state, { type: 'lease-released', lease, now });
    }
    return spent;
  };
  for (let number = 0; number < WARM_UP; number++) once(number);
  for (let number = 0; number < TASKS; number++) noting += once(WARM_UP + number);
  return { us: (noting * 1000) / TASKS, receipts };
}

const bytesInUse = () => {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

for (const replicas of [1, 8, 100, 1_000]) {
  const off = run(replicas, 0).us;
  const before = bytesInUse();
  const { us, receipts } = run(replicas, KEPT);
  const kept = receipts.size;
  const each = globalThis.gc === undefined ? '' : `, ${Math.round((bytesInUse() - before) / kept)} bytes per receipt`;
  const verdict = us - off <= TARGET_US ? 'met' : 'missed';
  const estimate = Math.round(receipts.bytes / kept);
  console.log(
    `${replicas} replicas: ${(us - off).toFixed(1)} µs per task, ${kept} kept${each} (estimated ${estimate}); ` +
      `target ${TARGET_US} µs: ${verdict}`,
  );
}
