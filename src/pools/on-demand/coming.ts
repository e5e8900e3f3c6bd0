import { type ReplicaId } from '../../kernel/ids.js';
import { type Pool } from '../pool.js';
import { type Replica } from '../replica.js';
import { type LoadEstimate, type LoadTimes } from './load-times.js';
import { type Memory } from './memory.js';
import { type ResidencyRules, type RoomPlan, turnMs } from './room-plan.js';
import { type Wish } from './wish.js';
import { type Coming } from './workload.js';

export interface ComingFacts {
  /** Monotonic ms. */
  readonly now: number;
  readonly times: LoadTimes;
  readonly memory: Memory;
  readonly rules: ResidencyRules;
  /** Wishes that came before one of this pool. */
  readonly older: readonly Wish[];
  /** Monotonic ms at which the load that is under way began; undefined without memory. */
  readonly loadingSince: (replica: Replica) => number | undefined;
  readonly planFor: (replica: Replica) => RoomPlan;
  /** Until what runs on it now has ended, ms. */
  readonly doneInMs: (id: ReplicaId) => number;
}

/** A load that takes longer than expected is expected to take this much more. */
const OVERDUE_MS = 500;
/** How much longer others may keep their memory than expected. */
const WAIT_SPREAD = 1.5;

/** When the first slots of a pool that has none will be there; undefined when it has some, or when none will come. */
export function comingOf(pool: Pool, facts: ComingFacts): Coming | undefined {
  if (pool.service !== 'open' || pool.ready || pool.state === 'failed') return undefined;
  const [first] = pool.replicas
    .map((replica) => ({ ...readyIn(pool, replica, facts), slots: slotsOf(pool, replica) }))
    .toSorted((a, b) => a.p50 - b.p50);
  return first;
}

function readyIn(pool: Pool, replica: Replica, facts: ComingFacts): LoadEstimate {
  const load = facts.times.of(pool);
  const since = facts.loadingSince(replica);
  if (since !== undefined) {
    const left = (ms: number) => Math.max(OVERDUE_MS, since + ms - facts.now);
    return { p50: left(load.p50), p90: left(load.p90) };
  }
  const waitMs = memoryWaitMs(pool, replica, facts) + restartWaitMs(replica, facts.now);
  return { p50: waitMs + load.p50, p90: WAIT_SPREAD * waitMs + load.p90 };
}

/** Those who came first load and have their turn; without them, those who have to go do so when they may. */
function memoryWaitMs(pool: Pool, replica: Replica, facts: ComingFacts): number {
  const { memory, now, older, rules, times } = facts;
  const before = older.filter((wish) => wish.refusal !== undefined && memory.meet(wish.pool, pool));
  if (before.length > 0) {
    const loads = before.map((wish) => times.of(wish.pool).p50);
    return facts.doneInMs(replica.id) + loads.reduce((sum, ms) => sum + ms + turnMs(ms, rules), 0);
  }
  const plan = facts.planFor(replica);
  if (plan.type !== 'evict' && plan.type !== 'wait') return 0;
  const goesIn = plan.type === 'wait' ? plan.untilAt - now : 0;
  return goesIn + Math.max(...plan.victims.map(facts.doneInMs));
}

function restartWaitMs({ startAt, state }: Replica, now: number): number {
  return state === 'backoff' ? Math.max(0, (startAt ?? now) - now) : 0;
}

function slotsOf({ config }: Pool, { description, slotLimit }: Replica): number {
  return Math.max(1, Math.min(description?.slots ?? config.slots, slotLimit));
}
