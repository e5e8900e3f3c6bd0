import { type Clock } from '../../kernel/clock.js';

const WINDOW_MS = 10_000;
const SAMPLE_MS = 250;

/** Counts bytes that came, and how fast the last ten seconds of them did. */
export class Meter {
  private readonly samples: { readonly at: number; readonly bytes: number }[] = [];
  private count = 0;
  private most = 0;
  private lastAt: number;

  constructor(private readonly clock: Clock) {
    this.lastAt = clock.now();
  }

  /** What is here; never less than it was once. */
  get bytes(): number {
    return this.most;
  }

  /** What was here before this fetch began: it says nothing about its speed. */
  begin(bytes: number): void {
    this.count = bytes;
    this.most = Math.max(this.most, bytes);
  }

  /** So many bytes more are here; 0 or less: what came was here already, or is not what was here. */
  add(more: number): void {
    this.lastAt = this.clock.now();
    this.count += more;
    const bytes = Math.max(0, more);
    this.most = Math.max(this.most, this.count);
    const last = this.samples.at(-1);
    if (last !== undefined && this.lastAt - last.at < SAMPLE_MS)
      this.samples[this.samples.length - 1] = { at: last.at, bytes: last.bytes + bytes };
    else this.samples.push({ at: this.lastAt, bytes });
    this.forget();
  }

  get bytesPerS(): number {
    this.forget();
    const [first] = this.samples;
    if (first === undefined) return 0;
    const sum = this.samples.reduce((total, { bytes }) => total + bytes, 0);
    return Math.round((sum * 1_000) / Math.max(SAMPLE_MS, this.clock.now() - first.at));
  }

  get isStalled(): boolean {
    return this.clock.now() - this.lastAt >= WINDOW_MS;
  }

  private forget(): void {
    const since = this.clock.now() - WINDOW_MS;
    while (this.samples[0] !== undefined && this.samples[0].at < since) this.samples.shift();
  }
}
