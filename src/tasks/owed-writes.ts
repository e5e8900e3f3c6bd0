import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type Acceptance, type Ending, type TaskStore } from './task-store.js';

/** What the store did not take is tried again so much later. */
const RETRY_MS = 1_000;

/** What the store has to take although it refused: ends that were told, and acceptances that must not stand there. */
export class OwedWrites {
  private readonly endings: Ending[] = [];
  /** Of tasks that were refused, because nobody knows whether the store took them. */
  private readonly unsure = new Set<Acceptance>();
  private cancelTimer: CancelTimer | undefined;
  private paying: Promise<void> | undefined;

  constructor(private readonly ports: { readonly clock: Clock; readonly store: TaskStore }) {}

  end(ending: Ending): void {
    this.endings.push(ending);
    this.plan();
  }

  forget(acceptances: readonly Acceptance[]): void {
    for (const acceptance of acceptances) this.unsure.add(acceptance);
    if (acceptances.length > 0) this.plan();
  }

  /** Refused acceptances under one of whose names another one comes now, which has to take them back itself. */
  takeOver(acceptance: Acceptance): readonly Acceptance[] {
    const same = [...this.unsure].filter((one) => haveNameInCommon(one, acceptance));
    for (const one of same) this.unsure.delete(one);
    return same;
  }

  /** Tries everything once more, now. */
  async settled(): Promise<void> {
    await this.paying;
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    await this.pay();
  }

  private plan(): void {
    this.cancelTimer ??= this.ports.clock.schedule(RETRY_MS, () => {
      this.cancelTimer = undefined;
      this.paying ??= this.pay().finally(() => (this.paying = undefined));
    });
  }

  private async pay(): Promise<void> {
    const { store } = this.ports;
    for (const ending of this.endings.splice(0)) await store.end(ending).catch(() => this.endings.push(ending));
    for (const acceptance of [...this.unsure]) await this.forgetOne(acceptance);
    if (this.endings.length + this.unsure.size > 0) this.plan();
  }

  /** It stays among the unsure ones while it is on its way, so that a call of the same name goes behind it. */
  private async forgetOne(acceptance: Acceptance): Promise<void> {
    if (!this.unsure.has(acceptance)) return;
    const isTaken = await this.ports.store.forget(acceptance).then(
      () => true,
      () => false,
    );
    if (isTaken) this.unsure.delete(acceptance);
  }
}

function haveNameInCommon(a: Acceptance, b: Acceptance): boolean {
  return a.task.key === b.task.key || a.answers.some(({ name }) => b.answers.some((other) => other.name === name));
}
