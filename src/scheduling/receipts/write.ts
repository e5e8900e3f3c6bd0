import { type AdmissionReceipt, type DispatchReceipt, type EvictionReceipt, type Receipt } from '@llama-orch/client';
import { type PriorityClass } from '@llama-orch/plugin-sdk';
import { type Estimate } from '../forecast/estimator.js';
import { decideAdmission, decidePreemption } from './decide.js';
import { digestOf } from './digest.js';
import { writeLoad, writeRoom, writeWaiting } from './facts.js';
import { writeCandidate } from './candidates.js';
import { candidatesIn } from './fleet.js';
import { type Arrival, type StoredReceipt } from './stored.js';
import { TaskNames } from './task-names.js';
import { whyHopeless, whyRequeued, whyRoom } from './words.js';

/** The code that made a decision. */
export interface Provenance {
  /** Version of the daemon. */
  readonly software: string;
  /** `<id>@<version>` each. */
  readonly plugins: { readonly discipline: string; readonly placement: string };
}

type StoredOf<Kind extends StoredReceipt['kind']> = Extract<StoredReceipt, { kind: Kind }>;

/** A receipt in full: plain data, as it goes over the wire. */
export function writeReceipt(stored: StoredReceipt, madeBy: Provenance): Receipt {
  const names = new TaskNames(stored.task);
  const stamp = {
    task_id: names.of(stored.task),
    pool_id: stored.poolId,
    at_ms: stored.atMs,
    clock_ms: stored.clockMs,
    ...madeBy,
  };
  const receipt = { ...stamp, ...bodyOf(stored, names) };
  return { ...receipt, digest: digestOf(receipt) };
}

function bodyOf(stored: StoredReceipt, names: TaskNames) {
  switch (stored.kind) {
    case 'admission':
      return writeAdmission(stored, names);
    case 'dispatch':
      return writeDispatch(stored);
    case 'eviction':
      return writeEviction(stored, names);
    case 'relief':
      return writeRelief(stored, names);
    case 'requeue':
      return writeRequeue(stored);
    case 'preemption':
      return writePreemption(stored, names);
  }
}

function writeAdmission({ arrival, facts, room, poolId, promise }: StoredOf<'admission'>, names: TaskNames) {
  const inputs: AdmissionReceipt['inputs'] = {
    priority: arrival.priority,
    deadline_ms: arrival.deadlineMs ?? null,
    service_p50_ms: arrival.serviceP50Ms,
    room: writeRoom(facts, names),
    outlook: writeOutlook(arrival, promise?.start),
  };
  const candidates = arrival.options.map((option) => ({
    pool_id: option.poolId,
    starts_at_once: option.startsAtOnce,
    has_room: option.hasRoom,
    start_p50_ms: option.startP50Ms,
  }));
  const { scores, chosen } = decideAdmission(inputs, candidates, poolId);
  return {
    kind: 'admission' as const,
    inputs,
    candidates,
    scores,
    chosen: {
      pool_id: poolId,
      room: room.type,
      policy: room.type === 'free' ? null : room.policy,
      code: room.type === 'full' ? room.code : null,
      victim: room.type === 'evict' ? names.of(room.victim.taskId) : null,
      meets_deadline: chosen.meets_deadline,
      queue_position: promise?.position ?? null,
      predicted_start_ms: promise?.start.p50 ?? null,
      predicted_start_p90_ms: promise?.start.p90 ?? null,
    },
    why: whyRoom(arrival.priority, facts, room),
  };
}

function writeDispatch(stored: StoredOf<'dispatch'>) {
  const { item, waiting, wish, size, affinityMaxLoad, candidates, scores, replicaId, why } = stored;
  const inputs: DispatchReceipt['inputs'] = {
    item: {
      task_id: item.taskId,
      tenant_id: item.tenantId ?? null,
      session_id: item.sessionId ?? null,
      priority: item.priority,
      enqueued_at_ms: item.enqueuedAt,
      deadline_at_ms: item.deadlineAt ?? null,
      cost: item.cost ?? null,
    },
    waiting,
    wish: wish ?? null,
    affinity_max_load: affinityMaxLoad ?? null,
    size: size === undefined ? null : { prompt_tokens: size.promptTokens, expected_tokens: size.expectedTokens },
  };
  return {
    kind: 'dispatch' as const,
    inputs,
    candidates: candidatesIn(candidates).map(writeCandidate),
    scores: scores.map((entry) => ({ replica_id: entry.replicaId, score: entry.score, why: entry.why })),
    chosen: { replica_id: replicaId },
    why,
  };
}

function writeEviction({ newcomer, priority, facts, room }: StoredOf<'eviction'>, names: TaskNames) {
  const written = writeRoom(facts, names);
  const ends = Object.values(written.ends ?? {}).filter((item) => item !== null);
  const inputs: EvictionReceipt['inputs'] = { newcomer: names.of(newcomer), priority, room: written, overload: null };
  return {
    kind: 'eviction' as const,
    inputs,
    candidates: ends,
    scores: [],
    chosen: { task_id: names.of(room.victim.taskId), policy: room.policy },
    why: whyRoom(priority, facts, room),
  };
}

function writeRelief({ hopeless: { item, chance, load } }: StoredOf<'relief'>, names: TaskNames) {
  const { priority } = item;
  const inputs: EvictionReceipt['inputs'] = { newcomer: null, priority, room: null, overload: writeLoad(load, chance) };
  return {
    kind: 'eviction' as const,
    inputs,
    candidates: [writeWaiting(item, names)],
    scores: [],
    chosen: { task_id: names.of(item.taskId), policy: 'drop-lru' },
    why: whyHopeless(load, chance),
  };
}

function writeRequeue({ code, failover }: StoredOf<'requeue'>) {
  const inputs = { code, ...(failover && { failover }) };
  return {
    kind: 'requeue' as const,
    inputs,
    candidates: [],
    scores: [],
    chosen: null,
    why: whyRequeued(inputs),
  };
}

function writePreemption({ task, newcomer, candidates: running }: StoredOf<'preemption'>, names: TaskNames) {
  const inputs = { newcomer: names.of(newcomer) };
  const candidates = running.map(({ key, lease }) => ({ task_id: names.of(key), lease }));
  const { scores, why } = decidePreemption(candidates);
  return { kind: 'preemption' as const, inputs, candidates, scores, chosen: { task_id: names.of(task) }, why };
}

function writeOutlook({ priority, outlook }: Arrival, promised: Estimate | undefined) {
  const of = (ofClass: PriorityClass) => {
    const { ahead, start = ofClass === priority ? promised : undefined } = outlook[ofClass];
    return { ahead, start_p50_ms: start?.p50 ?? null, start_p90_ms: start?.p90 ?? null };
  };
  return { interactive: of('interactive'), batch: of('batch') };
}
