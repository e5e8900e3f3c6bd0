/** Keeps stop strings out of an answer, for engines that send the string which ended it. */
export class StopFilter {
  readonly #stops: readonly string[];
  readonly #longest: number;
  /** The end of the text so far, which may begin a stop string. */
  #held = '';
  #isStopped = false;

  constructor(stops: readonly string[]) {
    this.#stops = stops.filter((stop) => stop !== '');
    this.#longest = Math.max(0, ...this.#stops.map((stop) => stop.length));
  }

  /** A stop string has come; nothing passes any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** What of the text so far may be shown. */
  pass(text: string): string {
    if (this.#longest === 0) return text;
    if (this.#isStopped) return '';
    const whole = this.#held + text;
    const stop = this.#firstStop(whole);
    this.#isStopped = stop !== -1;
    const shown = this.#isStopped ? stop : this.#beginOfStop(whole);
    this.#held = this.#isStopped ? '' : whole.slice(shown);
    return whole.slice(0, shown);
  }

  /** What was held back, once no more text can come. */
  rest(): string {
    const rest = this.#held;
    this.#held = '';
    return rest;
  }

  #firstStop(text: string): number {
    const found = this.#stops.map((stop) => text.indexOf(stop)).filter((index) => index !== -1);
    return found.length === 0 ? -1 : Math.min(...found);
  }

  /** Where the longest end of the text starts that begins a stop string. */
  #beginOfStop(text: string): number {
    for (let from = Math.max(0, text.length - this.#longest + 1); from < text.length; from += 1) {
      if (this.#stops.some((stop) => stop.startsWith(text.slice(from)))) return from;
    }
    return text.length;
  }
}
