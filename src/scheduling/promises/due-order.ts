/** Something that is due at a time. */
export interface Due {
  /** On the monotonic clock. */
  readonly dueAt: number;
}

/** Things in the order in which they are due; counting and finding cost a binary search. */
export class DueOrder<Item extends Due> {
  private readonly items: Item[] = [];

  get size(): number {
    return this.items.length;
  }

  add(item: Item): void {
    this.items.splice(this.countUntil(item.dueAt), 0, item);
  }

  remove(item: Item): void {
    const at = this.items.indexOf(item, this.countBefore(item.dueAt));
    if (at !== -1) this.items.splice(at, 1);
  }

  /** How many are due before `time`. */
  countBefore(time: number): number {
    return this.firstFrom((dueAt) => dueAt >= time);
  }

  /** Takes out those that are due before `time`, earliest first. */
  takeBefore(time: number): readonly Item[] {
    const [first] = this.items;
    return first === undefined || first.dueAt >= time ? [] : this.items.splice(0, this.countBefore(time));
  }

  private countUntil(time: number): number {
    return this.firstFrom((dueAt) => dueAt > time);
  }

  /** Index of the first item for which it holds; it holds for all later ones too. */
  private firstFrom(holds: (dueAt: number) => boolean): number {
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.items[middle]!.dueAt)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
