// Run by hand, after a build: node test/bench/scheduler-core.bench.mjs
// Enqueue and next per second while 100 000 tasks wait: of the disciplines alone, and through the scheduler core.
import priorityFifo from '@llama-orch/queue-priority-fifo';
import wfq from '@llama-orch/queue-wfq';
import leastLoaded from '@llama-orch/placement-least-loaded';
import { emptyState } from '../../dist/scheduling/core/model.js';
import { step } from '../../dist/scheduling/core/step.js';

const WAITING = 100_000;
const ROUNDS = 300_000;
const LIMIT = 1_000_000;
const TARGET = 200_000;
const TENANTS = 10_000;
const FAIR_TARGET = 150_000;
const noLog = { log: () => {} };

const item = (number) => ({
  taskId: `default/${String(number).padStart(36, '0')}`,
  priority: number % 4 === 0 ? 'batch' : 'interactive',
  enqueuedAt: number / 1000,
  tenantId: 'default',
  cost: 100,
});

function newQueue() {
  return priorityFifo.create({ batch_max_wait_ms: 60_000 }, noLog).createQueue();
}

/** By the wall, and by the time of this thread alone, which other work on the machine hardly changes. */
function perSecond(run) {
  const begun = performance.now();
  const before = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(before);
  return { wall: (ROUNDS * 1000) / (performance.now() - begun), cpu: (ROUNDS * 1e6) / (user + system) };
}

const median = (values) => Math.round(values.sort((a, b) => a - b)[Math.floor(values.length / 2)]);

function disciplineAlone() {
  const queue = newQueue();
  for (let number = 0; number < WAITING; number++) queue.enqueue(item(number));
  return perSecond(() => {
    for (let number = WAITING; number < WAITING + ROUNDS; number++) {
      queue.enqueue(item(number));
      queue.next(number / 1000);
    }
  });
}

/** 10 000 tenants of whom each always has work, with the settling that the core does. */
function fairTenants() {
  const queue = wfq.create(wfq.options.parse({}), noLog).createQueue();
  const cost = (number) => 50 + ((number * 7919) % 1500);
  const ofTenant = (number) => ({ ...item(number), tenantId: `tenant-${number % TENANTS}`, cost: cost(number) });
  for (let number = 0; number < WAITING; number++) queue.enqueue(ofTenant(number));
  return perSecond(() => {
    for (let number = WAITING; number < WAITING + ROUNDS; number++) {
      queue.enqueue(ofTenant(number));
      const next = queue.next(number / 1000);
      queue.settle(next, cost(number + 1));
    }
  });
}

/** One submit, and one slot that comes back and takes the next task, per round. */
function throughTheCore() {
  let state = emptyState();
  const pool = {
    id: 'p',
    capacity: LIMIT,
    classCapacity: { interactive: LIMIT, batch: LIMIT },
    fullPolicy: { interactive: 'reject', batch: 'reject' },
    queue: newQueue(),
    strategy: leastLoaded.create({}, noLog),
    replicas: new Map(),
  };
  state.pools.set(pool.id, pool);
  const running = [];
  const take = (event) => {
    const [next, commands] = step(state, event);
    state = next;
    for (const command of commands) if (command.type === 'dispatch') running.push(command);
  };
  const submit = (number) => {
    const one = item(number);
    take({ type: 'submitted', key: one.taskId, poolId: pool.id, item: one, now: number / 1000 });
  };
  take({ type: 'replica-ready', poolId: pool.id, replicaId: 'p-0', epoch: 1, slots: 4, labels: {}, now: 0 });
  for (let number = 0; number < WAITING; number++) submit(number);
  let done = 0;
  return perSecond(() => {
    for (let number = WAITING; number < WAITING + ROUNDS; number++) {
      submit(number);
      const { key, lease } = running[done++];
      take({ type: 'run-completed', key, lease });
      take({ type: 'lease-released', lease, now: number / 1000 });
    }
  });
}

for (const [name, measure, target] of [
  ['priority-fifo: enqueue + next', disciplineAlone, TARGET],
  ['wfq, 10000 tenants: enqueue + next + settle', fairTenants, FAIR_TARGET],
  ['core: submit + complete + release + dispatch', throughTheCore, TARGET],
]) {
  const rates = [measure(), measure(), measure()];
  const [wall, cpu] = [median(rates.map((rate) => rate.wall)), median(rates.map((rate) => rate.cpu))];
  const verdict = wall >= target ? 'met' : 'missed';
  console.log(`${name}, ${WAITING} waiting: ${wall}/s, per second of CPU ${cpu} (target ${target}/s: ${verdict})`);
}
