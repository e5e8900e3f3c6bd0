import { type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { type SessionId } from '../../kernel/ids.js';
import { type Pools } from '../../pools/pools.js';
import { type Sessions } from '../../sessions/sessions.js';
import { frameText } from '../../tasks/frames.js';
import { type JournalTelemetry } from '../../tasks/journal-telemetry.js';
import { type TaskJournal } from '../../tasks/task-journal.js';
import { endedTaskOf, progressOf, taskOf } from '../../tasks/task-record.js';
import { type TaskRegistry } from '../../tasks/task-registry.js';
import { type TaskStore, type UnfinishedTask } from '../../tasks/task-store.js';
import { type Task } from '../../tasks/task.js';
import { endingOf } from '../terminal.js';
import { type RestoredTasks, type Restoration } from './restored-tasks.js';

export interface RecoveryPorts {
  readonly clock: Clock;
  readonly store: TaskStore;
  readonly registry: TaskRegistry;
  readonly sessions: Sessions;
  readonly pools: Pools;
  readonly journal: TaskJournal;
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
    const { store, registry, clock, telemetry, tasksKept } = this.ports;
    for (const record of await store.history(tasksKept)) {
      registry.restore(endedTaskOf(record, registry.endedLog(record.lastSeq, record.text), clock));
    }
    const unfinished = await store.unfinished();
    // Who has a part of its answer goes first, as it did before.
    const tasks = unfinished.toSorted((a, b) => Number(isBegun(b)) - Number(isBegun(a))).map((one) => this.taskOf(one));
    await this.countLives(tasks);
    const counts = { queued: 0, resumed: 0, ended: 0 };
    for (const task of tasks) counts[COUNTED[this.restore(task)]]++;
    telemetry.recovered(counts);
  }

  /** Before anything of them runs: what ends this daemon, too, is one life longer then. */
  private async countLives(tasks: readonly Task[]): Promise<void> {
    const begun = tasks.filter(({ startedMs }) => startedMs !== undefined);
    if (begun.length === 0) return;
    await this.ports.store.noteProgress(begun.map((task) => ({ key: task.key, progress: progressOf(task) })));
  }

  private restore(task: Task): Restoration {
    if (this.ports.pools.get(task.poolId) !== undefined) return this.ports.tasks.restore(task);
    this.endWithoutPool(task);
    return 'ended';
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

  /** The configuration knows its pool no longer, and no scheduler can end it. */
  private endWithoutPool(task: Task): void {
    const { registry, journal, clock } = this.ports;
    const message = `pool ${task.poolId} is no longer configured; send the task again`;
    const { frame, state, error } = endingOf(task, { type: 'failed', code: 'POOL_UNAVAILABLE', message }, 0);
    registry.add(task);
    journal.follow(task, 'recovered');
    task.endedAt = clock.now();
    task.endedMs = clock.epochMs();
    task.error = error instanceof AppError ? error : undefined;
    task.moveTo(state);
    journal.end(task, frameText(task.log.upcomingSeq, frame.type, JSON.stringify(frame.data)));
    registry.retain(task);
  }
}

const COUNTED = { waits: 'queued', 'goes-on': 'resumed', ended: 'ended' } as const;

const TOKEN = '\nevent: token\n';

function isBegun({ chunks }: UnfinishedTask): boolean {
  return chunks.some(({ bytes }) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(TOKEN));
}

function tokenFramesIn(chunks: UnfinishedTask['chunks']): number {
  return chunks.reduce((sum, { bytes }) => sum + Buffer.from(bytes).toString().split(TOKEN).length - 1, 0);
}
