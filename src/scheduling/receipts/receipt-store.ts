import { type TaskKey } from '../../kernel/ids.js';
import { type StoredReceipt, bytesOf } from './stored.js';

export interface StoreLimits {
  readonly receipts: number;
  readonly bytes: number;
}

/** The newest receipts, found by task; the oldest are forgotten first. */
export class ReceiptStore {
  /** A ring of the kept ones; grows up to its limit. */
  private readonly ring: (StoredReceipt | undefined)[] = [];
  private readonly byTask = new Map<TaskKey, StoredReceipt[]>();
  private oldest = 0;
  private kept = 0;
  private keptBytes = 0;

  constructor(private readonly limits: StoreLimits) {}

  get size(): number {
    return this.kept;
  }

  /** Estimated memory of what is kept. */
  get bytes(): number {
    return this.keptBytes;
  }

  add(receipt: StoredReceipt): void {
    if (this.kept === this.limits.receipts) this.forgetOldest();
    this.ring[(this.oldest + this.kept++) % this.limits.receipts] = receipt;
    this.keptBytes += bytesOf(receipt);
    const ofTask = this.byTask.get(receipt.task);
    if (ofTask === undefined) this.byTask.set(receipt.task, [receipt]);
    else ofTask.push(receipt);
    while (this.keptBytes > this.limits.bytes && this.kept > 1) this.forgetOldest();
  }

  /** Receipts of a task in their order. */
  of(task: TaskKey): readonly StoredReceipt[] {
    return this.byTask.get(task) ?? [];
  }

  private forgetOldest(): void {
    const receipt = this.ring[this.oldest]!;
    this.ring[this.oldest] = undefined;
    this.oldest = (this.oldest + 1) % this.limits.receipts;
    this.kept--;
    this.keptBytes -= bytesOf(receipt);
    const ofTask = this.byTask.get(receipt.task)!;
    // Receipts go in the order in which they came, so the oldest of all is the first of its task.
    if (ofTask.length === 1) this.byTask.delete(receipt.task);
    else ofTask.shift();
  }
}
