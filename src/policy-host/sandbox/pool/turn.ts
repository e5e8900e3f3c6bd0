const PLACE_BYTES = 8;

/** No call: the answer of the last has been sent. */
export const IDLE = -1;
/** A call was sent, and has not begun. */
export const PENDING = -2;

/** Whose turn it is in a worker, in memory that both threads see: a place in a chain, {@link IDLE} or {@link PENDING}. */
export class Turn {
  private readonly cell: Int32Array;
  private readonly since: Float64Array;

  constructor(readonly buffer: SharedArrayBuffer = new SharedArrayBuffer(2 * PLACE_BYTES)) {
    this.cell = new Int32Array(buffer, 0, 1);
    this.since = new Float64Array(buffer, PLACE_BYTES, 1);
  }

  get place(): number {
    return Atomics.load(this.cell, 0);
  }

  /** Processor time of the worker when the turn of this place began, in ms; NaN where Node does not tell it. */
  get beganCpuMs(): number {
    return this.since[0]!;
  }

  set(place: number): void {
    Atomics.store(this.cell, 0, place);
  }

  /** By the worker, before a policy runs. */
  begin(place: number): void {
    this.since[0] = cpuMsOf(THREAD.threadCpuUsage?.());
    this.set(place);
  }
}

/** Younger than the oldest Node that we run on. */
const THREAD: Partial<Pick<typeof process, 'threadCpuUsage'>> = process;

export function cpuMsOf(usage: NodeJS.CpuUsage | undefined): number {
  return usage === undefined ? NaN : (usage.user + usage.system) / 1_000;
}
