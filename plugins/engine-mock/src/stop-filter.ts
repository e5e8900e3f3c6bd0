/** Lets text through up to the first stop string, and holds back what may be the beginning of one. */
export class StopFilter {
  #held = '';
  #stopped = false;

  constructor(private readonly stops: readonly string[]) {}

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Text that may be shown now. */
  push(text: string): string {
    if (this.stops.length === 0) return text;
    const all = this.#held + text;
    const stopAt = this.#firstStop(all);
    this.#stopped = stopAt !== -1;
    const shown = this.#stopped ? stopAt : all.length - this.#heldBack(all);
    this.#held = this.#stopped ? '' : all.slice(shown);
    return all.slice(0, shown);
  }

  /** What was held back and turned out to be plain text. */
  flush(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #firstStop(text: string): number {
    const found = this.stops.map((stop) => text.indexOf(stop)).filter((at) => at !== -1);
    return found.length === 0 ? -1 : Math.min(...found);
  }

  #heldBack(text: string): number {
    return Math.max(...this.stops.map((stop) => overlap(text, stop)));
  }
}

/** Length of the longest end of `text` that begins `stop`, without cutting a character in half. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length--) {
    if (text.endsWith(stop.slice(0, length)) && !isLowSurrogate(text.charCodeAt(text.length - length))) return length;
  }
  return 0;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
