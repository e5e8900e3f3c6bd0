import { type PriorityClass } from '@llama-orch/plugin-sdk';
import {
  type CorePool,
  type CoreTask,
  type LeaseId,
  type Room,
  type RoomFacts,
  type SchedulerState,
  type Suspendable,
} from './model.js';

/** When running or waiting work gives way to work of a higher class. */
export interface PreemptionRules {
  /** `soft`: waiting batch work is evicted. `hard`: running batch work is suspended as well, and goes on later. */
  readonly mode: 'soft' | 'hard';
  /** Suspensions of a pool within a minute. */
  readonly mostPerMinute: number;
  /** Classes that are never suspended. */
  readonly protect: readonly PriorityClass[];
}

/** Whom to suspend, and of whom that was chosen. */
export interface Suspension {
  readonly victim: Suspendable;
  readonly candidates: readonly Suspendable[];
}

const MINUTE_MS = 60_000;

/** Interactive work that finds no room, or would come too late, takes the place of the newest waiting batch work. */
export function roomByPreemption(room: Room, facts: RoomFacts): Room {
  const { preemption, ends, waiting, classCapacity } = facts;
  const victim = ends?.newestBatch;
  if (preemption === undefined || victim === undefined || facts.startsAtOnce) return room;
  // A place of the own class is not won by evicting another one.
  if (waiting.interactive >= classCapacity.interactive) return room;
  if (room.type === 'full' || (room.type === 'free' && preemption.late))
    return { type: 'evict', victim, policy: 'shed-low-priority', preempted: true };
  return room;
}

/**
 * The running task that is suspended for an interactive one that has to wait: the one that was dispatched last, so that
 * the least work is done twice. Undefined when none may be.
 */
export function suspensionFor(newcomer: CoreTask, state: SchedulerState, now: number): Suspension | undefined {
  const { pool } = newcomer;
  if (newcomer.phase !== 'queued' || newcomer.item.priority !== 'interactive') return undefined;
  if (pool.preemption?.mode !== 'hard' || pool.suspending >= pool.queue.sizeOf('interactive')) return undefined;
  if (!hasSuspensionsLeft(pool, now)) return undefined;
  const candidates = suspendableIn(pool, state);
  const victim = newestOf(candidates);
  return victim && { victim, candidates };
}

/** The one that was dispatched last; leases are counted up. Undefined of none. */
export function newestOf<Candidate extends Pick<Suspendable, 'lease'>>(
  candidates: readonly Candidate[],
): Candidate | undefined {
  let newest: Candidate | undefined;
  for (const candidate of candidates) if (newest === undefined || candidate.lease > newest.lease) newest = candidate;
  return newest;
}

function suspendableIn(pool: CorePool, state: SchedulerState): Suspendable[] {
  const found: Suspendable[] = [];
  for (const task of state.tasks.values()) {
    const { key, lease } = task;
    if (task.pool === pool && lease !== undefined && maySuspend(task, state, lease)) found.push({ key, lease });
  }
  return found;
}

function maySuspend({ item, phase, pool }: CoreTask, state: SchedulerState, lease: LeaseId): boolean {
  if (item.priority !== 'batch' || phase === 'suspending' || pool.preemption!.protect.includes('batch')) return false;
  const replica = state.leases.get(lease)?.replica;
  // A slot that is not given out again helps nobody.
  return replica?.interruptible === true && replica.ready && pool.draining !== true;
}

/** False while the pool has had as many suspensions within a minute as it may. */
export function hasSuspensionsLeft({ suspendedAt, preemption }: CorePool, now: number): boolean {
  while (suspendedAt.length > 0 && suspendedAt[0]! <= now - MINUTE_MS) suspendedAt.shift();
  return preemption !== undefined && suspendedAt.length < preemption.mostPerMinute;
}
