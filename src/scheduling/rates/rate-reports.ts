import { type PlacementStrategy, type ReplicaRates } from '@llama-orch/plugin-sdk';
import { type PoolId, type ReplicaId } from '../../kernel/ids.js';
import { type LeaseId, type SchedulerEvent } from '../core/model.js';
import { type DeclaredRates, RateBook } from './rate-book.js';

interface Place {
  readonly poolId: PoolId;
  readonly replicaId: ReplicaId;
}

/** Watches runs and tells the scheduler core what they teach about speeds. Idle where no strategy asks for rates. */
export class RateReports {
  private readonly book = new RateBook();
  private readonly pools = new Map<ReplicaId, PoolId>();

  constructor(
    private readonly isAsked: boolean,
    private readonly event: (event: SchedulerEvent) => void,
  ) {}

  /** What is known of a replica that is ready; empty where nobody asks. `kind` names its device and model. */
  joined({ poolId, replicaId }: Place, kind: string, declared: DeclaredRates): { readonly rates?: ReplicaRates } {
    if (!this.isAsked) return {};
    this.pools.set(replicaId, poolId);
    this.book.join(replicaId, kind, declared);
    return { rates: this.book.ratesOf(replicaId) };
  }

  dispatched(lease: LeaseId, replicaId: ReplicaId, now: number): void {
    if (this.isAsked) this.book.dispatched(lease, replicaId, now);
  }

  /** @param promptTokens that the engine really read; undefined when nobody knows */
  firstToken(lease: LeaseId, promptTokens: number | undefined, now: number): void {
    if (this.isAsked) this.book.firstToken(lease, promptTokens, now);
  }

  /** @param tokens of the whole answer; undefined when the run says nothing of the engine's speed */
  ended(lease: LeaseId, tokens: number | undefined, now: number): void {
    if (!this.isAsked) return;
    for (const replicaId of this.book.ended(lease, tokens === undefined ? undefined : tokens - 1, now)) {
      const poolId = this.pools.get(replicaId)!;
      this.event({ type: 'replica-rates', poolId, replicaId, rates: this.book.ratesOf(replicaId) });
    }
  }
}

/** Names device and model; what runs on one replica teaches something about all of the same kind. */
export function kindOf(device: string | undefined, model: string): string {
  return `${device ?? ''} ${model}`;
}

/** True when the strategy ranks by rates. */
export function asksForRates({ needs }: PlacementStrategy): boolean {
  return needs?.includes('rates') === true;
}
