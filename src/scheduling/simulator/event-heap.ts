const SMALLEST = 1024;

/**
 * What will happen, earliest first; of two events at the same time the one that was put in first. An event is three whole
 * numbers, so that a million of them are six arrays and no objects. `take` moves the first one into the fields.
 */
export class EventHeap {
  at = 0;
  kind = 0;
  subject = 0;
  stamp = 0;
  private count = 0;
  private nextOrder = 0;
  private times = new Float64Array(SMALLEST);
  private orders = new Float64Array(SMALLEST);
  private kinds = new Uint8Array(SMALLEST);
  private subjects = new Int32Array(SMALLEST);
  private stamps = new Int32Array(SMALLEST);

  get size(): number {
    return this.count;
  }

  /** @param at virtual ms */
  put(at: number, kind: number, subject: number, stamp = 0): void {
    if (this.count === this.times.length) this.grow();
    const order = this.nextOrder++;
    let hole = this.count++;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.isBefore(at, order, parent)) break;
      this.move(parent, hole);
      hole = parent;
    }
    this.set(hole, at, order, kind, subject, stamp);
  }

  /** False when nothing will happen any more. */
  take(): boolean {
    if (this.count === 0) return false;
    this.at = this.times[0]!;
    this.kind = this.kinds[0]!;
    this.subject = this.subjects[0]!;
    this.stamp = this.stamps[0]!;
    const last = --this.count;
    if (last > 0) this.sink(last);
    return true;
  }

  /** Puts the event at `last` where the first one was, and lets it sink to its place. */
  private sink(last: number): void {
    const at = this.times[last]!;
    const order = this.orders[last]!;
    let hole = 0;
    for (let child = 1; child < last; child = 2 * hole + 1) {
      if (child + 1 < last && this.isBefore(this.times[child + 1]!, this.orders[child + 1]!, child)) child++;
      if (this.isBefore(at, order, child)) break;
      this.move(child, hole);
      hole = child;
    }
    this.move(last, hole);
  }

  private isBefore(at: number, order: number, other: number): boolean {
    const time = this.times[other]!;
    return at < time || (at === time && order < this.orders[other]!);
  }

  private move(from: number, to: number): void {
    this.set(to, this.times[from]!, this.orders[from]!, this.kinds[from]!, this.subjects[from]!, this.stamps[from]!);
  }

  private set(index: number, at: number, order: number, kind: number, subject: number, stamp: number): void {
    this.times[index] = at;
    this.orders[index] = order;
    this.kinds[index] = kind;
    this.subjects[index] = subject;
    this.stamps[index] = stamp;
  }

  private grow(): void {
    const length = this.times.length * 2;
    this.times = larger(this.times, new Float64Array(length));
    this.orders = larger(this.orders, new Float64Array(length));
    this.kinds = larger(this.kinds, new Uint8Array(length));
    this.subjects = larger(this.subjects, new Int32Array(length));
    this.stamps = larger(this.stamps, new Int32Array(length));
  }
}

function larger<Values extends Float64Array | Uint8Array | Int32Array>(old: Values, longer: Values): Values {
  longer.set(old);
  return longer;
}
