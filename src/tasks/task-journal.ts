import { type Clock } from '../kernel/clock.js';
import { type SessionChanges } from '../sessions/session-store.js';
import { type Sessions } from '../sessions/sessions.js';
import { type JournalTelemetry } from './journal-telemetry.js';
import { FrameWrites } from './frame-writes.js';
import { LogRecording } from './log-recording.js';
import { OwedWrites } from './owed-writes.js';
import { endedRecordOf, recordOf } from './task-record.js';
import { type Ending, type RememberedAnswer, type TaskStore } from './task-store.js';
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

/** Makes durable what happens to tasks: what was accepted, what readers get, and how it ended. */
export class TaskJournal {
  private readonly recordings = new Map<Task, LogRecording>();
  private readonly frames: FrameWrites;
  private readonly owed: OwedWrites;
  private readonly endings = new Set<Promise<void>>();

  constructor(private readonly ports: JournalPorts) {
    this.frames = new FrameWrites(ports);
    this.owed = new OwedWrites(ports);
  }

  /** From now on the frames of a task are recorded; `recovered` tells of one whose frames so far are in the store. */
  follow(task: Task, recovered?: 'recovered'): void {
    const isStrict = this.ports.streamLogOf(task) === 'log-before-send';
    const recording = new LogRecording(task, isStrict, recovered === 'recovered', (one) => this.frames.mark(one));
    this.recordings.set(task, recording);
    task.log.recordBy(recording);
  }

  /**
   * Makes a task durable that the scheduler has accepted, together with the turn of its session and the answer to its call.
   * @throws Error when the disk does not take it; nothing of it is there then, and its frames are no longer recorded
   */
  async accept(task: Task, answers: readonly RememberedAnswer[]): Promise<void> {
    const { store, clock } = this.ports;
    const acceptance = { task: recordOf(task, clock), answers };
    const instead = this.owed.takeOver(acceptance);
    try {
      await this.together(task, (sessions) => store.accept({ ...acceptance, ...sessions }, instead));
    } catch (error) {
      this.recordings.get(task)?.close();
      this.recordings.delete(task);
      // It may stand there all the same, and would be taken up by the next daemon.
      this.owed.forget([...instead, acceptance]);
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

  /** Settles once all that was told so far is durable, or was refused again. */
  async settled(): Promise<void> {
    while (this.endings.size > 0) await Promise.all(this.endings);
    await this.frames.settled();
    await this.owed.settled();
  }

  private async makeEndDurable(task: Task, text: string): Promise<void> {
    const recording = this.recordings.get(task);
    if (recording === undefined) return;
    this.recordings.delete(task);
    recording.close();
    this.frames.leave(recording);
    // What it has in flight is either stored or comes with its end.
    await this.frames.settled();
    const frames = recording.lastFrames(text);
    const ending: Ending = {
      key: task.key,
      record: endedRecordOf(task, this.ports.clock),
      ...(frames === undefined ? {} : { frames }),
    };
    await this.together(task, (sessions) => this.ports.store.end({ ...ending, ...sessions })).catch(
      (error: unknown) => {
        this.ports.telemetry.failed('the end of a task', error);
        this.owed.end(ending);
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
}
