import { type PriorityClass, type QueueDiscipline, type QueueItem } from '../../src/index.js';

/** The simplest keeper of the queue contract: one list per class. */
export class SoundQueue implements QueueDiscipline {
  protected lists: Record<PriorityClass, QueueItem[]> = { interactive: [], batch: [] };

  get size(): number {
    return this.lists.interactive.length + this.lists.batch.length;
  }
  sizeOf(priority: PriorityClass): number {
    return this.lists[priority].length;
  }
  enqueue(item: QueueItem): void {
    this.lists[item.priority].push(item);
  }
  requeue(item: QueueItem): void {
    this.lists[item.priority].unshift(item);
  }
  next(_now: number): QueueItem | undefined {
    return this.lists.interactive.shift() ?? this.lists.batch.shift();
  }
  remove(taskId: string): boolean {
    for (const list of [this.lists.interactive, this.lists.batch]) {
      const at = list.findIndex((item) => item.taskId === taskId);
      if (at !== -1) return list.splice(at, 1).length === 1;
    }
    return false;
  }
  position(taskId: string, _now: number): number | undefined {
    const at = [...this.lists.interactive, ...this.lists.batch].findIndex((item) => item.taskId === taskId);
    return at === -1 ? undefined : at;
  }
  peek(priority: PriorityClass, end: 'oldest' | 'newest'): QueueItem | undefined {
    return this.lists[priority].at(end === 'oldest' ? 0 : -1);
  }
}
