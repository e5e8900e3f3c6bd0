import { type TaskKey } from '../../kernel/ids.js';
import { type Forecastable } from './forecastable.js';
import { firstAbove } from './output-lengths.js';
import { mixedQuantile } from './play-out.js';

/** Age in ms at which the expected ends are worked out anew; between, only what came and went is changed. */
const FRESH_MS = 50;

interface Running {
  readonly task: Forecastable;
  /** Where in the spread of lengths this task is assumed to lie when one part stands for it: 0 to 1. */
  readonly place: number;
  /** Expected end of each part on the monotonic clock. */
  readonly endsAt: Float64Array;
}

/** Expected rest of a task at a time, for the quantile `q` of its length. */
export type RemainingMs = (task: Forecastable, now: number, q: number) => number;

/** When the running tasks of a pool are expected to end, in order of time. */
export class SlotEnds {
  private readonly running = new Map<TaskKey, Running>();
  private ascending: number[] = [];
  private workedOutAt = Number.NEGATIVE_INFINITY;
  private parts = 1;
  private added = 0;

  constructor(private readonly remainingMs: RemainingMs) {}

  get count(): number {
    return this.running.size;
  }

  add(task: Forecastable, now: number): void {
    const entry = { task, place: mixedQuantile(this.added++), endsAt: new Float64Array(this.parts) };
    this.running.set(task.key, entry);
    this.fill(entry, now);
    for (const endAt of entry.endsAt) this.ascending.splice(firstAbove(this.ascending, endAt), 0, endAt);
  }

  remove(key: TaskKey): void {
    const entry = this.running.get(key);
    if (entry === undefined) return;
    this.running.delete(key);
    for (const endAt of entry.endsAt) this.ascending.splice(firstAbove(this.ascending, endAt) - 1, 1);
  }

  any(): Forecastable | undefined {
    const [first] = this.running.values();
    return first?.task;
  }

  some(holds: (task: Forecastable) => boolean): boolean {
    for (const { task } of this.running.values()) if (holds(task)) return true;
    return false;
  }

  /** Time (at least a millisecond, since they run) until the first `count` ends, ascending; each task ends in `parts` parts. */
  firstEnds(count: number, parts: number, now: number): number[] {
    if (parts !== this.parts || now - this.workedOutAt >= FRESH_MS) this.workOut(parts, now);
    const ends = new Array<number>(Math.min(count, this.ascending.length));
    for (let at = 0; at < ends.length; at++) ends[at] = Math.max(1, this.ascending[at]! - now);
    return ends;
  }

  private workOut(parts: number, now: number): void {
    this.workedOutAt = now;
    const ends = new Float64Array(this.running.size * parts);
    let at = 0;
    for (const [key, old] of this.running) {
      const entry = parts === this.parts ? old : { ...old, endsAt: new Float64Array(parts) };
      if (entry !== old) this.running.set(key, entry);
      this.fill(entry, now);
      ends.set(entry.endsAt, at);
      at += parts;
    }
    this.parts = parts;
    this.ascending = Array.from(ends.sort());
  }

  private fill({ task, place, endsAt }: Running, now: number): void {
    const parts = endsAt.length;
    for (let part = 0; part < parts; part++) {
      const q = parts === 1 ? place : (part + 0.5) / parts;
      endsAt[part] = now + this.remainingMs(task, now, q);
    }
  }
}
