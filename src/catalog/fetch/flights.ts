/** What several callers may wait for, made once: it is called off when the last of them leaves. */
export class Flights<Value> {
  private readonly flights = new Map<string, Flight<Value>>();

  /** True while somebody waits for it, or it winds down. */
  has(key: string): boolean {
    return this.flights.has(key);
  }

  /** Joins what is under way under this key, or begins it. */
  async join(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    for (;;) {
      signal.throwIfAborted();
      const flight = this.flights.get(key);
      if (flight === undefined) return this.begin(key, run).wait(signal);
      if (!flight.isCalledOff) return flight.wait(signal);
      await flight.settled;
    }
  }

  /** Calls it off for all who wait. */
  callOff(key: string, reason: unknown): void {
    this.flights.get(key)?.callOff(reason);
  }

  /** Calls everything off and waits until it has wound down. */
  async close(reason: unknown): Promise<void> {
    const flights = [...this.flights.values()];
    for (const flight of flights) flight.callOff(reason);
    await Promise.all(flights.map(({ settled }) => settled));
  }

  private begin(key: string, run: (signal: AbortSignal) => Promise<Value>): Flight<Value> {
    const flight = new Flight(run, () => this.flights.delete(key));
    this.flights.set(key, flight);
    return flight;
  }
}

class Flight<Value> {
  private readonly controller = new AbortController();
  private readonly value: Promise<Value>;
  private waiting = 0;
  private isOver = false;

  constructor(run: (signal: AbortSignal) => Promise<Value>, onSettled: () => void) {
    this.value = run(this.controller.signal).finally(() => {
      this.isOver = true;
      onSettled();
    });
    this.value.catch(() => undefined);
  }

  get isCalledOff(): boolean {
    return this.controller.signal.aborted;
  }

  get settled(): Promise<void> {
    return this.value.then(
      () => undefined,
      () => undefined,
    );
  }

  callOff(reason: unknown): void {
    this.controller.abort(reason);
  }

  async wait(signal: AbortSignal): Promise<Value> {
    this.waiting += 1;
    const left = Promise.withResolvers<never>();
    const leave = () => left.reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([this.value, left.promise]);
    } finally {
      signal.removeEventListener('abort', leave);
      this.waiting -= 1;
      if (this.waiting === 0 && !this.isOver) this.callOff(signal.reason);
    }
  }
}
