import { type PriorityClass, type QueueDiscipline, type QueueItem, type QueueShare } from '@llama-orch/plugin-sdk';
import { Leaf } from './branch.js';
import { costOf } from './cost.js';
import { FairLevel } from './fair-level.js';
import { type FlowLane } from './flow-lane.js';
import { LinkedLane } from './linked-lane.js';
import { RecentShares } from './recent-shares.js';
import { type Source } from './turns.js';

export interface WfqRules {
  /** Tokens that a flow of weight 1 gets per round. */
  readonly quantum: number;
  readonly classWeights: Readonly<Record<PriorityClass, number>>;
  /** Tenants that are not named weigh 1. */
  readonly tenantWeights: ReadonlyMap<string, number>;
  readonly shareAlpha: number;
}

/** Positions that have been played out; good until the queue changes. */
interface PlayOut {
  readonly play: Source;
  readonly positions: Map<string, number>;
}

/** Fair shares in tokens: between the classes, inside a class between tenants, inside a tenant between sessions. */
export class Wfq implements QueueDiscipline {
  readonly #arrivals = { interactive: new LinkedLane(), batch: new LinkedLane() };
  readonly #classes: FairLevel;
  readonly #shares: RecentShares;
  #playOut: PlayOut | undefined;

  /** @param newLane makes the lane of one flow, which orders the items inside it; by arrival unless given */
  constructor(rules: WfqRules, newLane: () => FlowLane = () => new LinkedLane()) {
    this.#classes = classLevel(rules, newLane);
    this.#shares = new RecentShares(rules.shareAlpha);
  }

  get size(): number {
    return this.#classes.size;
  }

  sizeOf(priority: PriorityClass): number {
    return this.#arrivals[priority].size;
  }

  enqueue(item: QueueItem): void {
    this.#playOut = undefined;
    this.#arrivals[item.priority].addLast(item);
    this.#classes.add(item, 'last');
  }

  requeue(item: QueueItem): void {
    this.#playOut = undefined;
    this.#classes.settle(item, 0);
    this.#arrivals[item.priority].insertByArrival(item);
    this.#classes.add(item, 'first');
  }

  next(): QueueItem | undefined {
    this.#playOut = undefined;
    const item = this.#classes.takeFirst();
    if (item === undefined) return undefined;
    this.#arrivals[item.priority].remove(item.taskId);
    this.#shares.record(item, costOf(item));
    return item;
  }

  remove(taskId: string): boolean {
    const item = this.#find(taskId);
    if (item === undefined) return false;
    this.#playOut = undefined;
    this.#arrivals[item.priority].remove(taskId);
    return this.#classes.remove(item);
  }

  /** Exact: the turns are played out on a copy, until the item comes up. Further questions go on where that one ended. */
  position(taskId: string): number | undefined {
    if (this.#find(taskId) === undefined) return undefined;
    const { play, positions } = (this.#playOut ??= this.#newPlayOut());
    while (!positions.has(taskId)) positions.set(play.takeFirst()!.taskId, positions.size);
    return positions.get(taskId);
  }

  /** Tried out: an item that comes and goes leaves no trace. */
  ahead(item: QueueItem): number {
    this.enqueue(item);
    const ahead = this.position(item.taskId)!;
    this.remove(item.taskId);
    return ahead;
  }

  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return this.#arrivals[priority][end];
  }

  /** Tokens are charged as expected at dispatch; this takes or gives back the difference. */
  settle(item: QueueItem, actualCost: number): void {
    this.#playOut = undefined;
    this.#classes.settle(item, actualCost);
  }

  shares(): readonly QueueShare[] {
    return this.#shares.shares;
  }

  *order(): Iterable<QueueItem> {
    const play = this.#classes.playable();
    for (let item = play.takeFirst(); item !== undefined; item = play.takeFirst()) yield item;
  }

  #newPlayOut(): PlayOut {
    return { play: this.#classes.playable(), positions: new Map() };
  }

  #find(taskId: string): QueueItem | undefined {
    return this.#arrivals.interactive.get(taskId) ?? this.#arrivals.batch.get(taskId);
  }
}

function classLevel({ quantum, classWeights, tenantWeights }: WfqRules, newLane: () => FlowLane): FairLevel {
  const sessions = {
    keyOf: ({ sessionId = '' }: QueueItem) => sessionId,
    quantumOf: () => quantum,
    newBranch: () => new Leaf(newLane()),
  };
  const tenants = {
    keyOf: ({ tenantId = '' }: QueueItem) => tenantId,
    quantumOf: (tenantId: string) => quantum * (tenantWeights.get(tenantId) ?? 1),
    newBranch: () => new FairLevel(sessions),
  };
  return new FairLevel({
    keyOf: ({ priority }) => priority,
    quantumOf: (priority) => quantum * classWeights[priority as PriorityClass],
    newBranch: () => new FairLevel(tenants),
  });
}
