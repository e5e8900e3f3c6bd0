import { type QueueItem } from '@llama-orch/plugin-sdk';
import { type FlowLane } from '@llama-orch/queue-wfq';
import { DeadlineTree, type Node } from './deadline-tree.js';

/**
 * Earliest absolute deadline first; equal ones and those without a deadline, which come last, in arrival order.
 * An item that comes back goes before those of its own deadline. Every call takes logarithmic time.
 */
export class DeadlineLane implements FlowLane {
  protected readonly tree = new DeadlineTree();
  readonly #nodes = new Map<string, Node>();
  #last = 0;
  #first = 0;

  get size(): number {
    return this.tree.size;
  }

  addLast(item: QueueItem): void {
    this.#nodes.set(item.taskId, this.tree.add(item, ++this.#last));
  }

  addFirst(item: QueueItem): void {
    this.#nodes.set(item.taskId, this.tree.add(item, --this.#first));
  }

  takeFirst(): QueueItem | undefined {
    const { first } = this.tree;
    if (first !== undefined) this.#takeOut(first);
    return first?.item;
  }

  remove(taskId: string): boolean {
    const node = this.#nodes.get(taskId);
    if (node !== undefined) this.#takeOut(node);
    return node !== undefined;
  }

  indexOf(taskId: string): number | undefined {
    const node = this.#nodes.get(taskId);
    return node === undefined ? undefined : this.tree.rankOf(node);
  }

  [Symbol.iterator](): Iterator<QueueItem> {
    return this.tree[Symbol.iterator]();
  }

  #takeOut(node: Node): void {
    this.#nodes.delete(node.item.taskId);
    this.tree.remove(node);
  }
}
