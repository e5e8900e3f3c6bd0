import { type ReplicaRates } from '@llama-orch/plugin-sdk';
import { type ReplicaId } from '../../kernel/ids.js';
import { type LeaseId } from '../core/model.js';
import { BusyTime } from './busy-time.js';
import { Pace, type PaceEstimate, leaning } from './pace.js';

/** Tokens per second that are assumed until there are measurements. */
export interface DeclaredRates {
  readonly prefill: number;
  readonly decode: number;
}

interface Paces {
  readonly prefill: Pace;
  readonly decode: Pace;
}

/** What all replicas of the same kind have taught. */
interface Kind extends Paces {
  readonly members: Set<ReplicaId>;
  /** Whole runs of all of them. */
  runs: number;
}

interface Known extends Paces {
  readonly kind: Kind;
  readonly declared: DeclaredRates;
  readonly busy: BusyTime;
}

/** A run from its dispatch on, or from its first token on. */
interface Span {
  readonly replica: ReplicaId;
  readonly since: number;
  readonly busySince: number;
  readonly isDecoding: boolean;
}

/** Runs of its like that a replica's own first ones are weighed against, and runs that a declaration counts as. */
const KIND_WEIGHT = 2;
const DECLARED_WEIGHT = 0.5;
/** However often its like has run, an own run is worth more. */
const MOST_EVIDENCE_OF_KIND = 4;
/** Runs between two times at which all of a kind are told what its members taught, once it is well known. */
const TOLD_EVERY = 64;
/** Shorter answers measure the clock more than the engine. */
const FEWEST_TOKENS = 4;

/** Learns how fast replicas are, each for itself and by kind of device and model. Times in ms of the monotonic clock. */
export class RateBook {
  private readonly kinds = new Map<string, Kind>();
  private readonly replicas = new Map<ReplicaId, Known>();
  private readonly spans = new Map<LeaseId, Span>();

  /** `kindName` names device and model; what was learned of a replica of the same kind before stands. */
  join(replica: ReplicaId, kindName: string, declared: DeclaredRates): void {
    const kind = this.kinds.get(kindName) ?? { ...newPaces(), members: new Set(), runs: 0 };
    this.kinds.set(kindName, kind);
    const known = this.replicas.get(replica);
    if (known?.kind === kind) return;
    known?.kind.members.delete(replica);
    kind.members.add(replica);
    this.replicas.set(replica, { ...newPaces(), kind, declared, busy: known?.busy ?? new BusyTime() });
  }

  dispatched(lease: LeaseId, replica: ReplicaId, now: number): void {
    const { busy } = this.replicas.get(replica)!;
    busy.change(1, now);
    this.spans.set(lease, { replica, since: now, busySince: busy.until(now), isDecoding: false });
  }

  /** @param tokens of the prompt that were read; undefined when nobody knows, such as with a warm cache */
  firstToken(lease: LeaseId, tokens: number | undefined, now: number): void {
    const span = this.spans.get(lease);
    if (span === undefined || span.isDecoding) return;
    this.learn(span, tokens, now);
    const busySince = this.replicas.get(span.replica)!.busy.until(now);
    this.spans.set(lease, { ...span, since: now, busySince, isDecoding: true });
  }

  /**
   * The slot is free.
   * @param tokens of the answer after the first one; undefined when the run was cut off
   * @returns replicas of which something new is known
   */
  ended(lease: LeaseId, tokens: number | undefined, now: number): Iterable<ReplicaId> {
    const span = this.spans.get(lease);
    if (span === undefined) return [];
    this.spans.delete(lease);
    if (span.isDecoding) this.learn(span, tokens, now);
    const { busy, kind } = this.replicas.get(span.replica)!;
    busy.change(-1, now);
    if (tokens === undefined) return [];
    return isTold(++kind.runs) ? kind.members : [span.replica];
  }

  ratesOf(replica: ReplicaId): ReplicaRates {
    const known = this.replicas.get(replica)!;
    const { msPerToken, slowdown, variance } = estimateOf(known, 'decode');
    const prefill = estimateOf(known, 'prefill');
    const evidence = known.decode.evidence + Math.min(MOST_EVIDENCE_OF_KIND, known.kind.decode.evidence);
    return {
      prefillTps: 1000 / prefill.msPerToken,
      decodeTps: 1000 / msPerToken,
      slowdown,
      uncertainty: Math.sqrt(1 + evidence * variance) / (1 + evidence),
    };
  }

  private learn({ replica, since, busySince, isDecoding }: Span, tokens: number | undefined, now: number): void {
    const ms = now - since;
    if (tokens === undefined || tokens < FEWEST_TOKENS || ms <= 0) return;
    const known = this.replicas.get(replica)!;
    const others = Math.max(0, (known.busy.until(now) - busySince) / ms - 1);
    const name = isDecoding ? 'decode' : 'prefill';
    known[name].observe(ms / tokens, others);
    known.kind[name].observe(ms / tokens, others);
  }
}

/** All of a kind hear of the first run, the second, the fourth and so on: what one more teaches is less and less. */
function isTold(runs: number): boolean {
  return runs % TOLD_EVERY === 0 || (runs & (runs - 1)) === 0;
}

function newPaces(): Paces {
  return { prefill: new Pace(), decode: new Pace() };
}

function estimateOf({ kind, declared, ...own }: Known, name: 'prefill' | 'decode'): PaceEstimate {
  const assumed = { msPerToken: 1000 / declared[name], slowdown: 0, variance: 0 };
  return leaning(own[name], leaning(kind[name], assumed, DECLARED_WEIGHT), KIND_WEIGHT);
}
