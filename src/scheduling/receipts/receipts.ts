import { type Receipt } from '@llama-orch/client';
import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Clock } from '../../kernel/clock.js';
import { type ErrorCode } from '../../kernel/errors.js';
import { type PoolId, type TaskKey } from '../../kernel/ids.js';
import { type FailoverAttempt } from '../core/failover.js';
import { type CorePool, type SchedulerCommand } from '../core/model.js';
import { type Arriving, workpieceOf } from '../forecast/forecastable.js';
import { AT_ONCE, type Hopeless, type PoolOutlook } from '../forecast/pool-outlook.js';
import { type PoolOption } from '../pool-ranking.js';
import { Fleets } from './fleet.js';
import { ReceiptStore } from './receipt-store.js';
import { type Arrival, type ClassOutlook, type StoredReceipt, scoresOf, shortened } from './stored.js';
import { MOVED } from './words.js';
import { type Provenance, writeReceipt } from './write.js';

type CommandOf<Type extends SchedulerCommand['type']> = Extract<SchedulerCommand, { type: Type }>;

export interface ReceiptSettings {
  /** Receipts that are kept; 0 = none. */
  readonly kept: number;
  /** What decides: noted on each receipt. */
  readonly madeBy: Provenance;
}

/** Where and for whom a decision was made. */
export interface Occasion {
  readonly pool: CorePool;
  /** What was known before the task entered; only of newcomers. */
  readonly arrival: Arrival | undefined;
  /** What a newcomer was promised. */
  readonly start: { readonly p50: number; readonly p90: number };
}

/** Candidates of a thousand replicas take some 5 kB: ten thousand such receipts fit. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Keeps of each decision what it was made from, so that it can be explained and made again. */
export class Receipts {
  private readonly store: ReceiptStore;
  private readonly fleets = new Fleets();

  constructor(
    private readonly clock: Clock,
    private readonly settings: ReceiptSettings,
  ) {
    this.store = new ReceiptStore({ receipts: settings.kept, bytes: MOST_BYTES });
  }

  get kept(): number {
    return this.settings.kept;
  }

  /** Receipts that are there now. */
  get size(): number {
    return this.store.size;
  }

  /** Their estimated memory. */
  get bytes(): number {
    return this.store.bytes;
  }

  /** What a task finds when it comes; undefined when no receipts are kept. */
  arrivalOf(task: Arriving, outlook: PoolOutlook, now: number, options: readonly PoolOption[]): Arrival | undefined {
    if (this.kept === 0) return undefined;
    return {
      priority: task.request.priority,
      options,
      outlook: classOutlook(task, outlook, now),
      serviceP50Ms: outlook.serviceMs(workpieceOf(task)).p50,
      deadlineMs: task.deadlineAt === undefined ? undefined : task.deadlineAt - now,
    };
  }

  /** Notes a command that decided something. */
  note(command: SchedulerCommand, occasion: Occasion): void {
    if (this.kept === 0) return;
    switch (command.type) {
      case 'accept':
        return this.noteAccepted(command, occasion);
      case 'refuse':
        return this.noteAdmission(command, occasion, undefined);
      case 'dispatch':
        return this.noteDispatched(command, occasion.pool);
      case 'requeue':
        return this.noteRequeued(command.key, occasion, command.code, command.failover);
      case 'move':
        return this.noteRequeued(command.key, occasion, MOVED);
      case 'suspend':
        return this.noteSuspended(command, occasion.pool);
    }
  }

  /** Notes that a waiting task is given up because its queue is overloaded. */
  noteHopeless(hopeless: Hopeless, pool: CorePool): void {
    if (this.kept === 0) return;
    this.store.add({ kind: 'relief', ...this.stamp(hopeless.item.taskId as TaskKey, { pool }), hopeless });
  }

  /** The receipts of a task in their order; empty when there never were any or they are forgotten. */
  of(task: TaskKey): Receipt[] {
    return this.store.of(task).map((stored) => writeReceipt(stored, this.settings.madeBy));
  }

  private noteAccepted(command: CommandOf<'accept'>, occasion: Occasion): void {
    const { key, facts, room, position } = command;
    if (room.type === 'evict' && occasion.arrival !== undefined) {
      const { priority } = occasion.arrival;
      const stamp = this.stamp(room.victim.taskId as TaskKey, occasion);
      this.store.add({ kind: 'eviction', ...stamp, newcomer: key, priority, facts, room });
    }
    this.noteAdmission(command, occasion, { position, start: occasion.start });
  }

  private noteAdmission(
    { key, facts, room }: CommandOf<'accept'> | CommandOf<'refuse'>,
    occasion: Occasion,
    promise: Extract<StoredReceipt, { kind: 'admission' }>['promise'],
  ): void {
    const { arrival } = occasion;
    if (arrival === undefined) return;
    this.store.add({ kind: 'admission', ...this.stamp(key, occasion), arrival, facts, room, promise });
  }

  private noteDispatched(command: CommandOf<'dispatch'>, pool: CorePool): void {
    const { key, item, waiting, wish, size, candidates, ranking, replicaId, why } = command;
    this.store.add({
      kind: 'dispatch',
      ...this.stamp(key, { pool }),
      item,
      waiting,
      wish,
      affinityMaxLoad: pool.affinityMaxLoad,
      size,
      candidates: this.fleets.snapshot(pool, candidates),
      scores: scoresOf(ranking),
      replicaId,
      why: shortened(why),
    });
  }

  private noteRequeued(key: TaskKey, occasion: Occasion, code: ErrorCode, failover?: FailoverAttempt): void {
    this.store.add({ kind: 'requeue', ...this.stamp(key, occasion), code, failover });
  }

  private noteSuspended({ key, for: newcomer, candidates }: CommandOf<'suspend'>, pool: CorePool): void {
    this.store.add({ kind: 'preemption', ...this.stamp(key, { pool }), newcomer, candidates });
  }

  private stamp(task: TaskKey, { pool }: Pick<Occasion, 'pool'>) {
    const poolId: PoolId = pool.id;
    return { task, poolId, atMs: this.clock.epochMs(), clockMs: this.clock.now() };
  }
}

/** The start of its own class is worked out for the promise anyway; only a deadline needs it before. */
function classOutlook(task: Arriving, outlook: PoolOutlook, now: number): ClassOutlook {
  const of = (priority: PriorityClass) => {
    const ahead = outlook.aheadOf({ ...task, request: { ...task.request, priority } }, now);
    if (outlook.hasFreeSlot) return { ahead, start: AT_ONCE };
    if (priority === task.request.priority && task.deadlineAt === undefined) return { ahead, start: undefined };
    const { p50, p90 } = outlook.startAfter(ahead, now, priority);
    return { ahead, start: { p50, p90 } };
  };
  return { interactive: of('interactive'), batch: of('batch') };
}
