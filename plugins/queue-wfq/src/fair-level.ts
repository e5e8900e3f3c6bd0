import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type Branch, type LaneEnd } from './branch.js';
import { costOf } from './cost.js';
import { type Flow, type Source, takeTurn, Turns } from './turns.js';

/** Estimates that prove far too low put a flow back by this much at most; what it is charged at dispatch always counts. */
const MAX_CORRECTED_DEBT = 1_000_000;

export interface LevelRules {
  /** The flow of this level that an item belongs to. */
  keyOf(item: QueueItem): string;
  /** Tokens per round. */
  quantumOf(key: string): number;
  newBranch(): Branch;
}

/**
 * Shares turns between the flows of one level: classes, tenants of a class, or sessions of a tenant.
 *
 * A flow without work keeps no credit. One that has taken more than its share is remembered until its rounds have gone
 * by, so that sending one dear item at a time is no way around the weights; when nobody waits, all is forgotten.
 */
export class FairLevel implements Branch {
  readonly #flows = new Map<string, Flow<Branch>>();
  readonly #turns = new Turns<Branch>();
  readonly #drop = ({ key }: Flow<Branch>): void => void this.#flows.delete(key);
  #size = 0;

  constructor(private readonly rules: LevelRules) {}

  get size(): number {
    return this.#size;
  }

  /** Flows that are remembered: with work, or owing. */
  get remembered(): number {
    return this.#flows.size;
  }

  add(item: QueueItem, end: LaneEnd): void {
    const key = this.rules.keyOf(item);
    (this.#flows.get(key) ?? this.#join(key)).source.add(item, end);
    this.#size++;
  }

  takeFirst(): QueueItem | undefined {
    const item = takeTurn(this.#turns, this.#drop);
    if (item !== undefined) this.#shrank();
    return item;
  }

  remove(item: QueueItem): boolean {
    const flow = this.#flows.get(this.rules.keyOf(item));
    if (flow === undefined || !flow.source.remove(item)) return false;
    this.#leaveWhenIdle(flow);
    this.#shrank();
    return true;
  }

  /**
   * What proves dearer is charged, also to a flow that has left: guessing low wins nothing as long as others wait. What
   * proves cheaper is given back only where the charge still counts: a forgotten one leaves no credit.
   */
  settle(item: QueueItem, actualCost: number): void {
    const key = this.rules.keyOf(item);
    const known = this.#flows.get(key);
    const charged = costOf(item);
    if (known === undefined && (actualCost <= charged || this.#size === 0)) return;
    const flow = known ?? this.#join(key);
    flow.source.settle(item, actualCost);
    this.#turns.charge(flow, Math.max(actualCost - charged, -flow.unsettled));
    flow.unsettled = Math.max(0, flow.unsettled - charged);
    if (actualCost > charged) this.#turns.forgive(flow, MAX_CORRECTED_DEBT);
    this.#leaveWhenIdle(flow);
  }

  playable(): Source {
    return new Play(this.#turns.playable(), this.#size);
  }

  #join(key: string): Flow<Branch> {
    const flow = this.#turns.join(key, this.rules.quantumOf(key), this.rules.newBranch());
    this.#flows.set(key, flow);
    return flow;
  }

  #leaveWhenIdle(flow: Flow<Branch>): void {
    if (flow.source.size > 0 || this.#turns.owes(flow)) return;
    this.#turns.leave(flow);
    this.#drop(flow);
  }

  #shrank(): void {
    if (--this.#size > 0) return;
    this.#turns.clear();
    this.#flows.clear();
  }
}

/** What a level would do, played on copies by the same rules. */
class Play implements Source {
  constructor(
    private readonly turns: Turns<Source>,
    private left: number,
  ) {}

  get size(): number {
    return this.left;
  }

  takeFirst(): QueueItem | undefined {
    const item = takeTurn(this.turns, () => undefined);
    if (item !== undefined) this.left--;
    return item;
  }

  playable(): Source {
    return new Play(this.turns.playable(), this.left);
  }
}
