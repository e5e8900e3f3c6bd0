import { type CancelTimer, type Clock } from '../kernel/clock.js';
import { type SessionChanges } from '../sessions/session-store.js';
import { type Sessions } from '../sessions/sessions.js';
import { type JournalTelemetry } from './journal-telemetry.js';
import { LogRecording } from './log-recording.js';
import { endedRecordOf, recordOf } from './task-record.js';
import { type Ending, type FrameChunk, type RememberedAnswer, type TaskStore } from './task-store.js';
import { type Task } from './task.js';

/** `send-then-log`: readers get a frame at once. `log-before-send`: they get it when a crash can no longer take it. */
export type StreamLog = 'send-then-log' | 'log-before-send';

export interface JournalPorts {
  readonly clock: Clock;
  readonly store: TaskStore;
  readonly sessions: Sessions;
  readonly telemetry: JournalTelemetry;
  readonly streamLogOf: (task: Task) => StreamLog;
}

/** Frames reach the store at most this much later. */
const FLUSH_MS = 50;
/** Frames of one task that do not wait for it. */
const FLUSH_FRAMES = 64;
/** What the store did not take is tried again so much later. */
const RETRY_MS = 1_000;

/** Makes durable what happens to tasks: what was accepted, what readers get, and how it ended. */
export class TaskJournal {
  private readonly recordings = new Map<Task, LogRecording>();
  private dirty = new Set<LogRecording>();
  /** Frames that are on their way. There is one write of frames at a time. */
  private flushing: Promise<void> | undefined;
  private cancelFlush: CancelTimer | undefined;
  private readonly endings = new Set<Promise<void>>();
  /** Writes that the store did not take, and has to. */
  private readonly owed: (() => Promise<void>)[] = [];
  private cancelRetry: CancelTimer | undefined;

  constructor(private readonly ports: JournalPorts) {}

  /** From now on the frames of a task are recorded; `recovered` tells of one whose frames so far are in the store. */
  follow(task: Task, recovered?: 'recovered'): void {
    const isStrict = this.ports.streamLogOf(task) === 'log-before-send';
    const recording = new LogRecording(task, isStrict, recovered === 'recovered', (one) => this.mark(one));
    this.recordings.set(task, recording);
    task.log.recordBy(recording);
  }

  /**
   * Makes a task durable that the scheduler has accepted, together with the turn of its session and the answer to its call.
   * @throws Error when the disk does not take it; nothing of it is there then, and its frames are no longer recorded
   */
  async accept(task: Task, answers: readonly RememberedAnswer[]): Promise<void> {
    const { store } = this.ports;
    const acceptance = { task: recordOf(task, this.ports.clock), answers };
    try {
      await this.together(task, (sessions) => store.accept({ ...acceptance, ...sessions }));
    } catch (error) {
      this.recordings.delete(task);
      // It may stand there all the same, and would be taken up by the next daemon.
      this.owe(() => store.forget(acceptance));
      throw error;
    }
  }

  /** Ends a task: its readers get the terminal frame once it is durable. */
  end(task: Task, text: string): void {
    task.log.close(text);
    const ending = this.makeEndDurable(task, text).finally(() => {
      this.endings.delete(ending);
      task.log.publish();
    });
    this.endings.add(ending);
  }

  /** Settles once all that was told so far is durable, or was refused. */
  async settled(): Promise<void> {
    while (this.endings.size > 0 || this.flushing !== undefined) await Promise.all([...this.endings, this.flushing]);
    this.cancelRetry?.();
    this.cancelRetry = undefined;
    await this.payOwed();
  }

  private async makeEndDurable(task: Task, text: string): Promise<void> {
    const recording = this.recordings.get(task);
    if (recording === undefined) return;
    this.recordings.delete(task);
    this.dirty.delete(recording);
    // What it has in flight is either stored or comes with its end.
    await this.flushing;
    const frames = recording.lastFrames(text);
    const ending: Ending = {
      key: task.key,
      record: endedRecordOf(task, this.ports.clock),
      ...(frames === undefined ? {} : { frames }),
    };
    await this.together(task, (sessions) => this.ports.store.end({ ...ending, ...sessions })).catch(
      (error: unknown) => {
        this.ports.telemetry.failed('the end of a task', error);
        this.owe(() => this.ports.store.end(ending));
      },
    );
  }

  /** What changed in sessions goes with the tasks of sessions. */
  private async together(
    task: Task,
    write: (part: { readonly sessions?: SessionChanges }) => Promise<void>,
  ): Promise<void> {
    if (task.session === undefined) await write({});
    else await this.ports.sessions.writeWith((sessions) => write({ sessions }));
  }

  private mark(recording: LogRecording): void {
    this.dirty.add(recording);
    if (recording.isStrict || recording.unrecorded >= FLUSH_FRAMES) this.flushSoon();
    else this.cancelFlush ??= this.ports.clock.schedule(FLUSH_MS, () => this.flushSoon());
  }

  private flushSoon(): void {
    this.flushing ??= this.flush().finally(() => {
      this.flushing = undefined;
      if ([...this.dirty].some(({ isStrict, unrecorded }) => isStrict || unrecorded >= FLUSH_FRAMES)) this.flushSoon();
    });
  }

  private async flush(): Promise<void> {
    // Everything that comes in this turn goes together.
    await Promise.resolve();
    this.cancelFlush?.();
    this.cancelFlush = undefined;
    const recordings = [...this.dirty].filter((one) => this.recordings.get(one.task) === one);
    this.dirty = new Set();
    const chunks = recordings.flatMap((recording) => recording.take(this.ports.clock.now()) ?? []);
    if (chunks.length > 0) await this.store(recordings, chunks);
  }

  private async store(recordings: readonly LogRecording[], chunks: readonly FrameChunk[]): Promise<void> {
    try {
      await this.ports.store.append(chunks);
      for (const recording of recordings) recording.stored();
    } catch (error) {
      this.ports.telemetry.failed('frames of tasks', error);
      for (const recording of recordings) {
        recording.refused();
        if (this.recordings.get(recording.task) === recording) this.dirty.add(recording);
      }
      this.cancelFlush ??= this.ports.clock.schedule(RETRY_MS, () => this.flushSoon());
    }
  }

  private owe(write: () => Promise<void>): void {
    this.owed.push(write);
    this.planRetry();
  }

  private planRetry(): void {
    this.cancelRetry ??= this.ports.clock.schedule(RETRY_MS, () => {
      this.cancelRetry = undefined;
      void this.payOwed();
    });
  }

  private async payOwed(): Promise<void> {
    for (const write of this.owed.splice(0)) await write().catch(() => this.owed.push(write));
    if (this.owed.length > 0) this.planRetry();
  }
}
