import { type Clock } from '../../kernel/clock.js';

interface Waiting<Item> {
  readonly item: Item;
  readonly since: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Items that come while one write is under way share the next one. */
export class GroupCommit<Item> {
  private waiting: Waiting<Item>[] = [];
  private underWay: readonly Waiting<Item>[] = [];
  private running: Promise<void> | undefined;

  constructor(
    private readonly commit: (batch: readonly Item[]) => Promise<void>,
    private readonly mostPerBatch: () => number,
    private readonly clock: Clock,
  ) {}

  get size(): number {
    return this.waiting.length + this.underWay.length;
  }

  /** How long the oldest item waits, in ms; 0 when none does. */
  get ageMs(): number {
    const oldest = this.underWay[0] ?? this.waiting[0];
    return oldest === undefined ? 0 : this.clock.now() - oldest.since;
  }

  /** Resolves when the item is committed. @throws what its commit threw */
  add(item: Item): Promise<void> {
    // A turn later, so that all that comes in this one is in the batch.
    this.running ??= Promise.resolve().then(() => this.run());
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, since: this.clock.now(), resolve, reject });
    });
  }

  async idle(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      this.underWay = this.waiting.splice(0, Math.max(1, this.mostPerBatch()));
      await this.commit(this.underWay.map(({ item }) => item)).then(
        () => this.underWay.forEach(({ resolve }) => resolve()),
        (error: unknown) => this.underWay.forEach(({ reject }) => reject(error)),
      );
      this.underWay = [];
    }
    this.running = undefined;
  }
}
