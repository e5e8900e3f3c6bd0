import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type JournalTelemetry } from './journal-telemetry.js';
import { type LogRecording } from './log-recording.js';
import { type FrameChunk, type TaskStore } from './task-store.js';

/** Frames reach the store at most this much later. */
const FLUSH_MS = 50;
/** After a write that the store did not take, the next one comes so much later, whatever waits. */
const RETRY_MS = 1_000;

/** Brings frames of all tasks to the store: one write at a time, with all that waits. */
export class FrameWrites {
  private dirty = new Set<LogRecording>();
  private underWay: Promise<void> | undefined;
  private cancelTimer: CancelTimer | undefined;
  private isResting = false;

  constructor(
    private readonly ports: { readonly clock: Clock; readonly store: TaskStore; readonly telemetry: JournalTelemetry },
  ) {}

  /** Settles when nothing is on its way. */
  async settled(): Promise<void> {
    while (this.underWay !== undefined) await this.underWay;
  }

  /** A recording has frames that are not stored. */
  mark(recording: LogRecording): void {
    this.dirty.add(recording);
    if (recording.isUrgent && !this.isResting) this.writeSoon();
    else this.cancelTimer ??= this.ports.clock.schedule(FLUSH_MS, () => this.onTimer());
  }

  /** What is left of a task comes with its end. */
  leave(recording: LogRecording): void {
    this.dirty.delete(recording);
  }

  private onTimer(): void {
    this.cancelTimer = undefined;
    this.isResting = false;
    this.writeSoon();
  }

  private writeSoon(): void {
    this.underWay ??= this.write().finally(() => {
      this.underWay = undefined;
      if (!this.isResting && [...this.dirty].some(({ isUrgent }) => isUrgent)) this.writeSoon();
    });
  }

  private async write(): Promise<void> {
    // Everything that comes in this turn goes together.
    await Promise.resolve();
    this.cancelTimer?.();
    this.cancelTimer = undefined;
    const recordings = [...this.dirty].filter(({ isOver }) => !isOver);
    this.dirty = new Set();
    const chunks = recordings.flatMap((recording) => recording.take(this.ports.clock.now()) ?? []);
    if (chunks.length > 0) await this.store(recordings, chunks);
  }

  private async store(recordings: readonly LogRecording[], chunks: readonly FrameChunk[]): Promise<void> {
    const { store, telemetry, clock } = this.ports;
    try {
      await store.append(chunks);
      for (const recording of recordings) recording.stored();
      telemetry.framesStored();
    } catch (error) {
      for (const recording of recordings) recording.refused();
      for (const recording of recordings) if (!recording.isOver) this.dirty.add(recording);
      telemetry.framesRefused(error);
      this.isResting = true;
      this.cancelTimer?.();
      this.cancelTimer = clock.schedule(RETRY_MS, () => this.onTimer());
    }
  }
}
