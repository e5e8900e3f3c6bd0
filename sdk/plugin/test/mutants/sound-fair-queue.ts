import { type PriorityClass, type QueueDiscipline, type QueueItem, type QueueShare } from '../../src/index.js';
import { type QueueKitOptions } from '../../src/conformance/index.js';

/** Weights of tenants; others weigh 1. */
const WEIGHTS = new Map([['heavy', 3]]);

/** What the kit has to know about a fair queue between tenants. */
export const fairOptions: QueueKitOptions = {
  flowOf: ({ tenantId = '' }) => tenantId,
  fairBetween: [
    { flows: [{ tenantId: 'light' }, { tenantId: 'heavy' }], weights: [1, 3], quantum: 0 },
    { flows: [{ tenantId: 'one' }, { tenantId: 'other' }], weights: [1, 1], quantum: 0 },
  ],
};

/** The simplest fair queue with every optional member: the tenant that has had the least for its weight goes next. */
export class SoundFairQueue implements QueueDiscipline {
  protected lists = new Map<string, QueueItem[]>();
  /** Tokens per weight; newcomers begin with the least of those that wait. */
  protected served = new Map<string, number>();
  protected readonly taken = new Map<string, QueueShare & { readonly tokens: number }>();
  protected readonly waiting = new Map<string, QueueItem>();

  get size(): number {
    return this.waiting.size;
  }
  sizeOf(priority: PriorityClass): number {
    return this.ofClass(priority).length;
  }
  enqueue(item: QueueItem): void {
    this.list(item).push(item);
    this.waiting.set(item.taskId, item);
  }
  requeue(item: QueueItem): void {
    this.charge(item, -costOf(item));
    this.list(item).unshift(item);
    this.waiting.set(item.taskId, item);
  }
  next(_now: number): QueueItem | undefined {
    const item = this.takeTurn(this.lists, this.served);
    if (item) {
      this.waiting.delete(item.taskId);
      this.note(item);
    }
    return item;
  }
  remove(taskId: string): boolean {
    const item = this.waiting.get(taskId);
    if (!item) return false;
    const list = this.list(item);
    list.splice(list.indexOf(item), 1);
    if (list.length === 0) this.lists.delete(tenantOf(item));
    return this.waiting.delete(taskId);
  }
  position(taskId: string, now: number): number | undefined {
    const at = [...this.order(now)].findIndex((item) => item.taskId === taskId);
    return at === -1 ? undefined : at;
  }
  ahead(item: QueueItem, now: number): number {
    const served = new Map(this.served);
    this.enqueue(item);
    const ahead = this.position(item.taskId, now)!;
    this.remove(item.taskId);
    this.served = served;
    return ahead;
  }
  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return this.ofClass(priority).sort((a, b) => a.enqueuedAt - b.enqueuedAt).at(end === 'oldest' ? 0 : -1); // prettier-ignore
  }
  settle(item: QueueItem, actualCost: number): void {
    this.charge(item, actualCost - costOf(item));
  }
  shares(): readonly QueueShare[] {
    const shares = [...this.taken.values()];
    const all = shares.reduce((sum, { tokens }) => sum + tokens, 0);
    return shares.map(({ tenantId, priority, tokens }) => ({ tenantId, priority, share: tokens / all }));
  }
  order(_now: number): Iterable<QueueItem> {
    const lists = new Map([...this.lists].map(([tenantId, list]) => [tenantId, [...list]]));
    const served = new Map(this.served);
    return Array.from({ length: this.size }, () => this.takeTurn(lists, served)!);
  }
  leastHopeful(now: number, chanceOf: (item: QueueItem, ahead: number) => number): QueueItem | undefined {
    const chances = [...this.order(now)].map((item, ahead) => ({ item, chance: chanceOf(item, ahead) }));
    return chances.filter(({ chance }) => chance < 1).sort((a, b) => a.chance - b.chance)[0]?.item;
  }

  protected priceOf(item: QueueItem): number {
    return costOf(item) / (WEIGHTS.get(tenantOf(item)) ?? 1);
  }
  protected takeTurn(lists: Map<string, QueueItem[]>, served: Map<string, number>): QueueItem | undefined {
    let next: string | undefined;
    for (const tenantId of lists.keys()) {
      if (next === undefined || served.get(tenantId)! < served.get(next)!) next = tenantId;
    }
    const item = next === undefined ? undefined : lists.get(next)!.shift()!;
    if (item === undefined) return undefined;
    served.set(next!, served.get(next!)! + this.priceOf(item));
    if (lists.get(next!)!.length === 0) lists.delete(next!);
    return item;
  }
  protected charge(item: QueueItem, tokens: number): void {
    const tenantId = tenantOf(item);
    const served = this.served.get(tenantId);
    if (served !== undefined) this.served.set(tenantId, served + tokens / (WEIGHTS.get(tenantId) ?? 1));
  }

  private list(item: QueueItem): QueueItem[] {
    const tenantId = tenantOf(item);
    const known = this.lists.get(tenantId);
    if (known) return known;
    const least = Math.min(...[...this.lists.keys()].map((other) => this.served.get(other)!));
    if (this.lists.size > 0) this.served.set(tenantId, Math.max(this.served.get(tenantId) ?? 0, least));
    else this.served = new Map([[tenantId, 0]]);
    const list: QueueItem[] = [];
    this.lists.set(tenantId, list);
    return list;
  }
  private ofClass(priority: PriorityClass): QueueItem[] {
    return [...this.waiting.values()].filter((item) => item.priority === priority);
  }
  private note(item: QueueItem): void {
    const { priority } = item;
    const key = `${priority} ${tenantOf(item)}`;
    const tokens = (this.taken.get(key)?.tokens ?? 0) + costOf(item);
    this.taken.set(key, { tenantId: tenantOf(item), priority, share: 0, tokens });
  }
}

function tenantOf({ tenantId = '' }: QueueItem): string {
  return tenantId;
}

function costOf({ cost = 1 }: QueueItem): number {
  return cost;
}
