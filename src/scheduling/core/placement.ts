import {
  type PlacementCandidate,
  type PlacementFact,
  type PlacementStrategy,
  type QueueItem,
  type Ranked,
} from '@llama-orch/plugin-sdk';
import { whyPassedOver } from './affinity.js';
import { type CorePool, type CoreReplica, type CoreTask, type TaskSize } from './model.js';

export interface Placement {
  readonly replicaId: string;
  readonly why: string;
  /** The strategy's answer, best first; empty when it gave none that can be read. */
  readonly ranking: readonly Ranked[];
}

/** All that a placement is decided from, beside the strategy itself. */
export interface PlacementQuestion {
  readonly item: QueueItem;
  /** Undefined where the strategy does not ask for it. */
  readonly size: TaskSize | undefined;
  readonly candidates: readonly PlacementCandidate[];
  /** Replica of the session's last answer; it goes before the ranking unless it is too busy. */
  readonly wish: string | undefined;
  /** {@link CorePool.affinityMaxLoad} */
  readonly affinityMaxLoad: number | undefined;
}

type Draft = { -readonly [Key in keyof PlacementCandidate]: PlacementCandidate[Key] };
type AddFacts = (candidate: Draft, replica: CoreReplica) => void;

const WARM = "the session's last task ran here, so its cache may be warm";
const UNRANKED = 'the placement strategy named no candidate; the first one was taken';

/** Ready replicas with a free slot, with the facts that the strategy needs for this task. */
export function candidatesOf(pool: CorePool, task?: CoreTask): PlacementCandidate[] {
  const candidates: PlacementCandidate[] = [];
  const addFacts = factsFor(pool.strategy, task);
  for (const replica of pool.replicas.values()) {
    if (!mayTake(replica)) continue;
    const candidate: Draft = {
      replicaId: replica.id,
      slotsTotal: replica.slots,
      slotsBusy: replica.busy,
      labels: replica.labels,
    };
    for (const add of addFacts) add(candidate, replica);
    candidates.push(candidate);
  }
  return candidates;
}

/**
 * The replica that takes the item, or undefined without candidates: a function of its arguments alone.
 * `isOffered` tells whether an id is among the candidates. A useless answer of the strategy is never followed.
 */
export function place(
  question: PlacementQuestion,
  strategy: PlacementStrategy,
  isOffered: (replicaId: string) => boolean,
): Placement | undefined {
  const { candidates, wish } = question;
  const [first] = candidates;
  if (first === undefined) return undefined;
  const wished = wish !== undefined && isOffered(wish) ? wish : undefined;
  const passedOver = wished === undefined ? undefined : whyPassedOver(wished, question);
  if (wished !== undefined && passedOver === undefined) return { replicaId: wished, why: WARM, ranking: [] };
  const ranking = rankingOf(question, strategy);
  const { replicaId, why } = bestOf(ranking, isOffered) ?? { replicaId: first.replicaId, why: UNRANKED };
  return { replicaId, why: passedOver === undefined ? why : `${why} ${passedOver}`, ranking };
}

/** Whatever foreign code throws or answers here, the task must not get lost. */
function rankingOf({ item, size, candidates }: PlacementQuestion, strategy: PlacementStrategy): readonly Ranked[] {
  try {
    const ranking: unknown = strategy.rank(size === undefined ? item : { ...item, ...size }, candidates);
    return Array.isArray(ranking) ? (ranking as readonly Ranked[]) : [];
  } catch {
    return [];
  }
}

function bestOf(ranking: readonly Ranked[], isOffered: (replicaId: string) => boolean): Ranked | undefined {
  for (const entry of ranking as readonly unknown[]) if (isRanked(entry) && isOffered(entry.replicaId)) return entry;
  return undefined;
}

/** True for an entry that says which replica and why; strategies are foreign code. */
function isRanked(entry: unknown): entry is Ranked {
  if (typeof entry !== 'object' || entry === null) return false;
  const { replicaId, why } = entry as Partial<Ranked>;
  return typeof replicaId === 'string' && typeof why === 'string';
}

/** What to add to each candidate; nothing for a strategy that looks at slots and labels alone. */
function factsFor({ needs }: PlacementStrategy, task: CoreTask | undefined): readonly AddFacts[] {
  if (!Array.isArray(needs)) return NO_FACTS;
  return (needs as readonly PlacementFact[]).flatMap((fact) => {
    if (fact !== 'warmth') return FACTS.get(fact) ?? [];
    return task?.session?.reuse === true ? warmthOf(task) : [];
  });
}

const NO_FACTS: readonly AddFacts[] = [];

/** A fact that is not known is absent. */
const FACTS: ReadonlyMap<PlacementFact, AddFacts> = new Map<PlacementFact, AddFacts>([
  [
    'memory',
    (candidate, { freeVramBytes }) => {
      if (freeVramBytes !== undefined) candidate.freeVramBytes = freeVramBytes;
    },
  ],
  [
    'rates',
    (candidate, { rates }) => {
      if (rates !== undefined) candidate.rates = rates;
    },
  ],
  [
    'dispatches',
    (candidate, { dispatches }) => {
      candidate.dispatches = dispatches;
    },
  ],
]);

function warmthOf({ session, size }: CoreTask): AddFacts {
  const warm = session?.session.warm;
  return (candidate, replica) => {
    if (warm?.replica === replica) candidate.warmTokens = Math.min(warm.tokens, size?.promptTokens ?? 0);
  };
}

/** True when a replica may be offered; nothing changes between the offer and the answer, so it holds for both. */
export function mayTake(replica: CoreReplica): boolean {
  return replica.ready && replica.busy < replica.slots;
}

export function hasFreeSlot(pool: CorePool): boolean {
  if (pool.draining === true) return false;
  for (const replica of pool.replicas.values()) if (mayTake(replica)) return true;
  return false;
}
