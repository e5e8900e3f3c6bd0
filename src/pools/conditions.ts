interface Waiting {
  readonly holds: () => boolean;
  readonly done: () => void;
}

/** Lets callers wait until something holds; whoever changes it calls {@link Conditions.check}. */
export class Conditions {
  private readonly waiting = new Set<Waiting>();

  /** Settles in the turn in which `holds` does, or when `stop` is aborted; it never fails. */
  until(holds: () => boolean, stop: AbortSignal): Promise<void> {
    if (holds() || stop.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.waiting.delete(entry);
        stop.removeEventListener('abort', done);
        resolve();
      };
      const entry: Waiting = { holds, done };
      this.waiting.add(entry);
      stop.addEventListener('abort', done, { once: true });
    });
  }

  check(): void {
    for (const entry of [...this.waiting]) if (entry.holds()) entry.done();
  }
}
