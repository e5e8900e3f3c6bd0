import { type Clock } from '../../kernel/clock.js';
import { type SessionId, type TaskKey } from '../../kernel/ids.js';
import { type Sessions } from '../../sessions/sessions.js';
import { type JournalTelemetry } from '../../tasks/journal-telemetry.js';
import { type TaskProgress, endedTaskOf, progressOf, taskOf } from '../../tasks/task-record.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type TaskStore, type UnfinishedTask } from '../../tasks/task-store.js';
import { type Task } from '../../tasks/task.js';
import { type RestoredTasks } from './restored-tasks.js';

export interface RecoveryPorts {
  readonly clock: Clock;
  readonly store: TaskStore;
  readonly registry: TaskRegistry;
  readonly sessions: Sessions;
  readonly telemetry: JournalTelemetry;
  readonly tasks: RestoredTasks;
  /** Ended tasks that stay readable. */
  readonly tasksKept: number;
}

/**
 * Takes over what an earlier daemon left. Nothing runs meanwhile: no caller is heard yet, and no replica is ready, so that
 * the old order is kept and every engine run of a task belongs to one daemon.
 */
export class Recovery {
  private readonly epoch: number;

  constructor(private readonly ports: RecoveryPorts) {
    this.epoch = ports.clock.epochMs();
  }

  async run(): Promise<void> {
    const { store, registry, clock, telemetry, tasks: restored, tasksKept } = this.ports;
    for (const record of await store.history(tasksKept)) {
      registry.restore(endedTaskOf(record, registry.endedLog(record.lastSeq), clock));
    }
    const unfinished = await store.unfinished();
    // Who has a part of its answer goes first, as it did before.
    const tasks = unfinished.toSorted((a, b) => Number(isBegun(b)) - Number(isBegun(a))).map((one) => this.taskOf(one));
    restored.beforeEngine((task) => this.noteLife(task));
    await this.countRestarts(tasks);
    const counts = { queued: 0, resumed: 0, ended: 0 };
    for (const task of tasks) counts[COUNTED[restored.restore(task)]]++;
    telemetry.recovered(counts);
  }

  /** Before anything of them runs: what ends this daemon at once is one restart older then. */
  private async countRestarts(tasks: readonly Task[]): Promise<void> {
    const tried = tasks.filter(({ startedMs }) => startedMs !== undefined);
    if (tried.length > 0) await this.ports.store.noteProgress(tried.map(noteOf));
  }

  /** An engine gets it, and may end this daemon with it. */
  private noteLife(task: Task): void {
    const { store, telemetry } = this.ports;
    store.noteProgress([noteOf(task)]).catch((error: unknown) => telemetry.failed('the dispatch of a task', error));
  }

  private taskOf({ record, progress, chunks, decodeMs, tokensOut }: UnfinishedTask): Task {
    const { registry, clock, sessions } = this.ports;
    const log = registry.logOf(chunks);
    const task = taskOf(record, progress, log, clock);
    task.recoveredAfter = [...task.recoveredAfter, log.lastSeq];
    log.markRecovered({ epoch: this.epoch, after: task.recoveredAfter });
    task.tokensOut = tokensOut;
    task.tokenFrames = tokenFramesIn(chunks);
    if (task.tokenFrames > 0) task.restoreBegun(clock.now(), decodeMs);
    const { tenantId, sessionId, correlationId, clientId, provenance } = task.request;
    if (sessionId !== null) {
      const origin = { correlationId, clientId: clientId ?? undefined, userAgent: provenance.userAgent };
      task.session = sessions.named(tenantId, sessionId as SessionId, origin);
    }
    return task;
  }
}

function noteOf(task: Task): { readonly key: TaskKey; readonly progress: TaskProgress } {
  return { key: task.key, progress: progressOf(task) };
}

const COUNTED = { waits: 'queued', 'goes-on': 'resumed', ended: 'ended' } as const;

const TOKEN = '\nevent: token\n';

function isBegun({ chunks }: UnfinishedTask): boolean {
  return chunks.some(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(TOKEN));
}

function tokenFramesIn(chunks: UnfinishedTask['chunks']): number {
  return chunks.reduce((sum, { bytes }) => sum + Buffer.from(bytes).toString().split(TOKEN).length - 1, 0);
}
