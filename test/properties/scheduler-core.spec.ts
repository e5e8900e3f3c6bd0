import { type PriorityClass } from '@llama-orch/plugin-sdk';
import fc from 'fast-check';
import { type TaskKey } from '../../src/kernel/ids.js';
import { emptyState } from '../../src/scheduling/core/model.js';
import { step } from '../../src/scheduling/core/step.js';
import { BudgetModel } from './support/budget-model.js';
import { CoreModel, type PoolSetup, check, corePool } from './support/core-model.js';

const RUNS = 2_000;
const SEED = 20_240_601;

/** One thing that happens; `pick` chooses whom it happens to. */
type Move = readonly [
  what:
    | 'submit'
    | 'cancelled'
    | 'deadline-passed'
    | 'watchdog-fired'
    | 'first-token'
    | 'use'
    | 'complete'
    | 'fail'
    | 'engine-lost'
    | 'release'
    | 'ready'
    | 'new-epoch'
    | 'unready'
    | 'close'
    | 'drain'
    | 'open'
    | 'retire'
    | 'move'
    | 'called-off'
    | 'wait'
    | 'shut-down',
  pick: number,
];

const weighted = (weight: number, what: Move[0]) => ({
  weight,
  arbitrary: fc.tuple(fc.constant(what), fc.nat(10_000)),
});

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.oneof(
    weighted(30, 'submit'),
    weighted(5, 'cancelled'),
    weighted(2, 'deadline-passed'),
    weighted(2, 'watchdog-fired'),
    weighted(6, 'first-token'),
    weighted(8, 'use'),
    weighted(8, 'complete'),
    weighted(2, 'fail'),
    weighted(5, 'engine-lost'),
    weighted(18, 'release'),
    weighted(8, 'ready'),
    weighted(3, 'new-epoch'),
    weighted(3, 'unready'),
    weighted(1, 'close'),
    weighted(2, 'drain'),
    weighted(3, 'open'),
    weighted(2, 'retire'),
    weighted(6, 'move'),
    weighted(1, 'called-off'),
    weighted(6, 'wait'),
    weighted(1, 'shut-down'),
  ),
  { minLength: 5, maxLength: 90, size: 'max' },
);

const policy = fc.constantFrom('reject' as const, 'drop-lru' as const, 'shed-low-priority' as const);

const preemption = fc.record({
  mode: fc.constantFrom('soft' as const, 'hard' as const),
  mostPerMinute: fc.integer({ min: 1, max: 4 }),
  protect: fc.constantFrom<readonly PriorityClass[]>(['interactive'], ['interactive', 'batch']),
});

const setup: fc.Arbitrary<PoolSetup> = fc.record({
  capacity: fc.integer({ min: 1, max: 6 }),
  classCapacity: fc.record({ interactive: fc.integer({ min: 1, max: 6 }), batch: fc.integer({ min: 1, max: 4 }) }),
  fullPolicy: fc.record({ interactive: policy, batch: policy }),
  batchMaxWaitMs: fc.constantFrom(0, 20, 60_000),
  slots: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  preemption: fc.option(preemption, { nil: undefined }),
  failover: fc.option(fc.record({ most: fc.integer({ min: 0, max: 2 }), elsewhere: fc.boolean() }), { nil: undefined }),
});

/** All tasks of one run share it; a large one is never short. */
const budget = fc.record({
  cap: fc.integer({ min: 2, max: 60 }),
  promptTokens: fc.integer({ min: 0, max: 4 }),
  maxTokens: fc.integer({ min: 1, max: 8 }),
});

const pools = fc.array(setup, { minLength: 1, maxLength: 3 });

/** The one that `pick` points to, or nobody. */
function chosen<Value>(values: readonly Value[], pick: number): Value | undefined {
  return values[pick % Math.max(1, values.length)];
}

function play(model: CoreModel, [what, pick]: Move): void {
  const pool = chosen(model.pools, pick)!;
  const replica = chosen(pool.replicas, Math.floor(pick / 7))!;
  const task = chosen([...model.tasks.values()], pick);
  const lease = chosen([...model.leases.values()], pick);
  const open = chosen(model.openLeases(), pick);
  switch (what) {
    case 'submit':
      return model.submit(`t${model.tasks.size}` as TaskKey, pool, pick % 3 === 0 ? 'batch' : 'interactive');
    case 'ready':
      return model.ready(pool, replica, false);
    case 'new-epoch':
      return model.ready(pool, replica, true);
    case 'unready':
      return model.unready(pool, replica);
    case 'close':
      return model.close(pool);
    case 'drain':
      return model.drainPool(pool);
    case 'open':
      return model.openPool(pool);
    case 'retire':
      return model.retire(pool, replica);
    case 'move':
      if (task !== undefined && task.phase !== 'refused') model.move(task, chosen(model.pools, pick >> 3)!);
      return;
    case 'wait':
      model.now += pick % 50;
      return;
    case 'shut-down':
      return model.shutDown();
    case 'release':
      if (open !== undefined && (open.reported || open.stopped)) model.release(open);
      return;
    case 'use':
      if (task !== undefined && task.phase !== 'refused') use(model, task, pick);
      return;
    case 'complete':
      if (lease !== undefined) model.complete(lease);
      return;
    case 'fail':
    case 'engine-lost':
      if (lease !== undefined) model.fail(lease, what === 'engine-lost');
      return;
    default:
      if (task !== undefined && task.phase !== 'refused') model.about(task, what);
  }
}

/** Mostly the next token of a running task, now and then a repeated report or one of a task that has ended. */
function use(model: CoreModel, task: Parameters<CoreModel['about']>[0], pick: number): void {
  const next = model.budget?.nextUse(task.key);
  if (next !== undefined && (task.phase === 'streaming' || task.phase === 'ended')) model.use(task, next - (pick % 2));
}

function finish(model: CoreModel): void {
  for (const pool of model.pools) {
    for (const replica of pool.replicas) model.ready(pool, replica, false);
    model.openPool(pool);
  }
  model.drain();
  model.checkEmpty();
  for (const task of model.tasks.values()) {
    check(task.phase === 'ended' || task.phase === 'refused', `${task.key} never ended`);
  }
}

describe('the scheduler core', () => {
  it('keeps every promise in any interleaving: one end per task, caps, order, leases, slots (OC-CORE-1001…1005, OC-CORE-1010, ORCH-3085, ORCH-3086, ORCH-3004, ORCH-3005, ORCH-3010, ORCH-3017, ORCH-4201, ORCH-4404, ORCH-4505)', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(pools, fc.option(budget), moves, (setups, money, steps) => {
        const model = new CoreModel(setups, money === null ? undefined : new BudgetModel(money));
        for (const pool of model.pools) for (const replica of pool.replicas) model.ready(pool, replica, false);
        for (const move of steps) play(model, move);
        finish(model);
        for (const { commands } of model.history) for (const command of commands) seen.add(nameOf(command));
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // The walk is worth something only when it came by everything that can happen.
    expect([...seen].sort()).toEqual([
      'accept',
      'dispatch',
      'finish budget',
      'finish cancelled',
      'finish completed',
      'finish evicted',
      'finish expired',
      'finish failed INTERNAL',
      'finish failed POOL_UNAVAILABLE',
      'finish failed REPLICA_EXHAUSTED',
      'finish failed WORKER_RESET',
      'finish timed-out',
      'move',
      'refuse ADMISSION_REJECT',
      'refuse QUEUE_FULL_DROP_LRU',
      'refuse-budget',
      'requeue',
      'requeue with its answer',
      'stop',
      'suspend',
      'suspended',
    ]);
  });

  it('gives equal commands for equal events (ORCH-4952)', () => {
    fc.assert(
      fc.property(pools, moves, (setups, steps) => {
        const model = new CoreModel(setups);
        for (const move of [['ready', 0], ...steps] as const) play(model, move);
        let again = emptyState();
        setups.forEach((one, index) => again.pools.set(corePool(index, one).id, corePool(index, one)));
        for (const { event, commands } of model.history) {
          const [next, repeated] = step(again, event);
          again = next;
          expect(repeated).toEqual(commands);
        }
      }),
      { numRuns: 200, seed: SEED },
    );
  });
});

function nameOf(command: CoreModel['history'][number]['commands'][number]): string {
  if (command.type === 'finish')
    return `finish ${command.end.type}${command.end.type === 'failed' ? ` ${command.end.code}` : ''}`;
  if (command.type === 'requeue' && command.failover !== undefined) return 'requeue with its answer';
  return command.type === 'refuse' ? `refuse ${command.room.code}` : command.type;
}
