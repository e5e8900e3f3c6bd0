import { type TaskKey, replicaId } from '../../kernel/ids.js';
import { corePool } from '../../../test/properties/support/core-model.js';
import { type SchedulerCommand, type SchedulerEvent, type SchedulerState, emptyState } from './model.js';
import { type PreemptionRules } from './preemption.js';
import { step } from './step.js';

const HARD: PreemptionRules = { mode: 'hard', mostPerMinute: 10, protect: ['interactive'] };
const SOFT: PreemptionRules = { ...HARD, mode: 'soft' };

/** A pool of one slot with room for three, and a state that takes events. */
class World {
  now = 0;
  private readonly pool;
  private state: SchedulerState = emptyState();

  constructor(
    preemption: PreemptionRules,
    { slots = 1, interruptible = true }: { slots?: number; interruptible?: boolean } = {},
  ) {
    const classCapacity = { interactive: 3, batch: 3 };
    const fullPolicy = { interactive: 'reject', batch: 'reject' } as const;
    this.pool = corePool(0, { capacity: 3, classCapacity, fullPolicy, batchMaxWaitMs: 0, slots: [], preemption });
    this.state.pools.set(this.pool.id, this.pool);
    const id = replicaId(this.pool.id, 0);
    const ready = { poolId: this.pool.id, replicaId: id, epoch: 1, slots, interruptible, labels: {}, now: 0 };
    this.take({ type: 'replica-ready', ...ready });
  }

  /** The commands, shortly: `accept i1`, `dispatch b1`. `i…` is interactive, `b…` batch. */
  submit(name: string, late = false): string[] {
    const key = name as TaskKey;
    const priority = name.startsWith('b') ? 'batch' : 'interactive';
    const item = { taskId: key, priority, enqueuedAt: this.now } as const;
    return this.take({ type: 'submitted', key, poolId: this.pool.id, item, now: this.now, late });
  }

  take(event: SchedulerEvent): string[] {
    const [state, commands] = step(this.state, event);
    this.state = state;
    return commands.map(shortly);
  }

  leaseOf(name: string): number {
    return this.state.tasks.get(name as TaskKey)!.lease!;
  }

  release(lease: number): string[] {
    return this.take({ type: 'lease-released', lease, now: this.now });
  }
}

function shortly(command: SchedulerCommand): string {
  if (command.type === 'suspend') return `suspend ${command.key} for ${command.for}`;
  if (command.type === 'finish') return `finish ${command.key} ${command.end.type}`;
  return `${command.type} ${command.key}`;
}

describe('soft preemption', () => {
  it('evicts the newest waiting batch task for an interactive one that finds no room (ORCH-3085)', () => {
    const world = new World(SOFT);
    for (const name of ['i0', 'b1', 'b2', 'b3']) world.submit(name);
    expect(world.submit('i4')).toEqual(['finish b3 evicted', 'accept i4']);
    expect(world.submit('b5')).toEqual(['refuse b5']);
  });

  it('evicts for one that would miss its deadline, although there is room (ORCH-3085)', () => {
    const world = new World(SOFT);
    for (const name of ['i0', 'b1']) world.submit(name);
    expect(world.submit('i2')).toEqual(['accept i2']);
    expect(world.submit('i3', true)).toEqual(['finish b1 evicted', 'accept i3']);
  });

  it('leaves running tasks and interactive ones alone (ORCH-3085)', () => {
    const world = new World(SOFT);
    for (const name of ['b0', 'i1', 'i2', 'i3']) world.submit(name);
    expect(world.submit('i4', true)).toEqual(['refuse i4']);
  });
});

describe('hard preemption', () => {
  it('suspends the batch task that was dispatched last, which then waits at the head of its class (ORCH-3086)', () => {
    const world = new World(HARD, { slots: 2 });
    for (const name of ['b1', 'b2', 'b3']) world.submit(name);
    const lease = world.leaseOf('b2');
    expect(world.submit('i4')).toEqual(['accept i4', 'suspend b2 for i4']);
    expect(world.release(lease)).toEqual(['suspended b2', 'dispatch i4']);
    const next = world.leaseOf('i4');
    expect(world.take({ type: 'run-completed', key: 'i4' as TaskKey, lease: next })).toEqual(['finish i4 completed']);
    expect(world.release(next)).toEqual(['dispatch b2']);
  });

  it('suspends one task per interactive task that waits, and none twice (ORCH-3086)', () => {
    const world = new World(HARD, { slots: 2 });
    for (const name of ['b1', 'b2']) world.submit(name);
    expect(world.submit('i1')).toEqual(['accept i1', 'suspend b2 for i1']);
    expect(world.submit('i2')).toEqual(['accept i2', 'suspend b1 for i2']);
    expect(world.submit('i3')).toEqual(['accept i3']);
  });

  it('happens a limited number of times a minute (ORCH-3086)', () => {
    const world = new World({ ...HARD, mostPerMinute: 1 }, { slots: 2 });
    for (const name of ['b1', 'b2']) world.submit(name);
    expect(world.submit('i1')).toContain('suspend b2 for i1');
    expect(world.submit('i2')).toEqual(['accept i2']);
    world.now = 60_000;
    expect(world.submit('i3')).toEqual(['accept i3', 'suspend b1 for i3']);
  });

  it.each([
    ['the engine cannot be interrupted', HARD, false],
    ['the class is protected', { ...HARD, protect: ['batch'] }, true],
    ['only soft preemption is on', SOFT, true],
  ] as const)('does not happen when %s (ORCH-3086)', (_why, rules, interruptible) => {
    const world = new World(rules, { interruptible });
    world.submit('b1');
    expect(world.submit('i2')).toEqual(['accept i2']);
  });

  it('ends a suspended task where it is, without stopping its run again (ORCH-3086)', () => {
    const world = new World(HARD);
    world.submit('b1');
    const lease = world.leaseOf('b1');
    world.submit('i2');
    const cancel = { type: 'cancelled', key: 'b1' as TaskKey, reason: 'client', now: 0 } as const;
    expect(world.take(cancel)).toEqual(['finish b1 cancelled']);
    expect(world.release(lease)).toEqual(['dispatch i2']);
  });

  it('lets a task complete whose last token was there before (ORCH-3086)', () => {
    const world = new World(HARD);
    world.submit('b1');
    const lease = world.leaseOf('b1');
    world.submit('i2');
    expect(world.take({ type: 'run-completed', key: 'b1' as TaskKey, lease })).toEqual(['finish b1 completed']);
    expect(world.release(lease)).toEqual(['dispatch i2']);
  });
});
