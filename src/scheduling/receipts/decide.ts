import {
  type AdmissionReceipt,
  type DispatchReceipt,
  type EvictionReceipt,
  type PreemptionReceipt,
} from '@llama-orch/client';
import { type PlacementStrategy, type QueueItem } from '@llama-orch/plugin-sdk';
import { poolId } from '../../kernel/ids.js';
import { place } from '../core/placement.js';
import { newestOf } from '../core/preemption.js';
import { roomFor } from '../core/queue-room.js';
import { isOverloaded } from '../forecast/overload.js';
import { type PoolOption, rankPools } from '../pool-ranking.js';
import { readCandidate } from './candidates.js';
import { readLoad, readRoom } from './facts.js';
import { MOST_SCORES, scoresOf, shortened } from './stored.js';
import { WHY_SUSPENDED, whyHopeless, whyInTurn, whyPool, whyRoom } from './words.js';

/** What follows from the inputs of an admission; the same members as in its receipt. */
export function decideAdmission(
  inputs: AdmissionReceipt['inputs'],
  candidates: AdmissionReceipt['candidates'],
  onlyPool: string,
) {
  const { priority, deadline_ms, service_p50_ms, outlook } = inputs;
  const facts = readRoom(inputs.room);
  const room = roomFor(priority, facts);
  const ranked = rankPools(candidates.map(optionOf));
  const start = outlook[priority].start_p50_ms;
  const meets = deadline_ms === null || start === null ? null : start + service_p50_ms <= deadline_ms;
  return {
    scores: ranked.map((option, score) => ({ pool_id: option.poolId, score, why: whyPool(option) })),
    why: whyRoom(priority, facts, room),
    chosen: {
      pool_id: ranked[0]?.poolId ?? onlyPool,
      room: room.type,
      policy: room.type === 'free' ? null : room.policy,
      code: room.type === 'full' ? room.code : null,
      victim: room.type === 'evict' ? room.victim.taskId : null,
      meets_deadline: meets,
    },
  };
}

/** What follows from the inputs of an eviction. */
export function decideEviction(
  { priority, room: written, overload }: EvictionReceipt['inputs'],
  candidates: EvictionReceipt['candidates'],
) {
  if (overload !== null) return decideRelief(overload, candidates);
  const facts = readRoom(written!);
  const room = roomFor(priority, facts);
  return {
    why: whyRoom(priority, facts, room),
    chosen: room.type === 'evict' ? { task_id: room.victim.taskId, policy: room.policy } : null,
  };
}

/** A queue that is overloaded gives up whom it will probably fail anyway. */
function decideRelief(
  overload: NonNullable<EvictionReceipt['inputs']['overload']>,
  [hopeless]: EvictionReceipt['candidates'],
) {
  const load = readLoad(overload);
  const isGivenUp = hopeless !== undefined && isOverloaded(load) && overload.chance < 1;
  return {
    why: whyHopeless(load, overload.chance),
    chosen: isGivenUp ? { task_id: hopeless.task_id, policy: 'drop-lru' } : null,
  };
}

/** What follows from the tasks that might have been suspended. */
export function decidePreemption(candidates: PreemptionReceipt['candidates']) {
  const newestFirst = [...candidates].sort((a, b) => b.lease - a.lease).slice(0, MOST_SCORES);
  const newest = newestOf(candidates);
  return {
    scores: newestFirst.map(({ task_id }, score) => ({ task_id, score, why: whyInTurn(score) })),
    why: WHY_SUSPENDED,
    chosen: newest === undefined ? null : { task_id: newest.task_id },
  };
}

/** What follows from the inputs of a dispatch: ranking and placement by the strategy itself. */
export function decideDispatch(
  { item, wish, affinity_max_load, size }: DispatchReceipt['inputs'],
  candidates: DispatchReceipt['candidates'],
  strategy: PlacementStrategy,
) {
  const question = {
    item: itemOf(item),
    size: size === null ? undefined : { promptTokens: size.prompt_tokens, expectedTokens: size.expected_tokens },
    candidates: candidates.map(readCandidate),
    wish: wish ?? undefined,
    affinityMaxLoad: affinity_max_load ?? undefined,
  };
  const isOffered = (id: string) => question.candidates.some(({ replicaId }) => replicaId === id);
  const placement = place(question, strategy, isOffered);
  if (placement === undefined) return undefined;
  return {
    scores: scoresOf(placement.ranking).map(({ replicaId, score, why }) => ({ replica_id: replicaId, score, why })),
    why: shortened(placement.why),
    chosen: { replica_id: placement.replicaId },
  };
}

function optionOf(candidate: AdmissionReceipt['candidates'][number]): PoolOption {
  return {
    poolId: poolId(candidate.pool_id),
    startsAtOnce: candidate.starts_at_once,
    hasRoom: candidate.has_room,
    startP50Ms: candidate.start_p50_ms,
  };
}

function itemOf(item: DispatchReceipt['inputs']['item']): QueueItem {
  const { tenant_id, session_id, deadline_at_ms, cost } = item;
  return {
    taskId: item.task_id,
    priority: item.priority,
    enqueuedAt: item.enqueued_at_ms,
    ...(tenant_id === null ? {} : { tenantId: tenant_id }),
    ...(session_id === null ? {} : { sessionId: session_id }),
    ...(deadline_at_ms === null ? {} : { deadlineAt: deadline_at_ms }),
    ...(cost === null ? {} : { cost }),
  };
}
