import { type TaskKey } from '../../src/kernel/ids.js';
import { outputText, piecesOf } from '../../src/tasks/frames.js';
import { type EndedRecord, type TaskProgress, type TaskRecord } from '../../src/tasks/task-record.js';
import {
  type Acceptance,
  type Ending,
  type FrameChunk,
  type HistoryLimits,
  type RememberedAnswer,
  type StoredChunk,
  TaskStore,
  type UnfinishedTask,
} from '../../src/tasks/task-store.js';
import { MemorySessionStore } from './memory-session-store.js';

interface Kept {
  readonly record: TaskRecord;
  progress: TaskProgress | undefined;
  chunks: FrameChunk[];
  ended: EndedRecord | undefined;
}

/** A disk for tasks that outlives the scheduler of a test. It can be slow, and it can be full. */
export class MemoryTaskStore extends TaskStore {
  readonly kept = new Map<TaskKey, Kept>();
  readonly answers = new Map<string, RememberedAnswer>();
  readonly sessions = new MemorySessionStore();
  readonly tasks = this;
  /** Calls of each kind that the disk took. */
  readonly took = { accept: 0, forget: 0, append: 0, end: 0 };
  full = false;
  /** What is asked of it waits until this settles. */
  gate: Promise<void> = Promise.resolve();

  override async accept({ task, answers, sessions }: Acceptance, instead: readonly Acceptance[] = []): Promise<void> {
    await this.pass('accept');
    for (const one of instead) this.remove(one);
    this.kept.set(task.key, { record: copyOf(task), progress: undefined, chunks: [], ended: undefined });
    for (const answer of answers) this.answers.set(answer.name, answer);
    if (sessions !== undefined) await this.sessions.write(sessions);
  }

  override async forget(acceptance: Acceptance): Promise<void> {
    await this.pass('forget');
    this.remove(acceptance);
  }

  override async append(chunks: readonly FrameChunk[]): Promise<void> {
    await this.pass('append');
    for (const chunk of chunks) this.take(chunk);
  }

  override async noteProgress(
    tasks: readonly { readonly key: TaskKey; readonly progress: TaskProgress }[],
  ): Promise<void> {
    for (const { key, progress } of tasks) this.kept.get(key)!.progress = copyOf(progress);
  }

  override async end({ key, record, frames, sessions }: Ending): Promise<void> {
    await this.pass('end');
    const kept = this.kept.get(key);
    if (kept === undefined) return;
    if (frames === undefined) kept.chunks = [];
    else this.take({ key, ...frames, tokensOut: record.tokensOut, decodeMs: record.decodeMs });
    kept.ended = copyOf(record);
    if (sessions !== undefined) await this.sessions.write(sessions);
  }

  override async noteTranscript(): Promise<void> {}

  override async unfinished(): Promise<readonly UnfinishedTask[]> {
    return [...this.kept.values()].filter(({ ended }) => ended === undefined).map(unfinishedOf);
  }

  override async history(most: number): Promise<readonly EndedRecord[]> {
    return [...this.kept.values()].flatMap(({ ended }) => ended ?? []).slice(-most);
  }

  override async framesOf(key: TaskKey): Promise<readonly StoredChunk[]> {
    return this.kept.get(key)?.chunks ?? [];
  }

  override async answerOf(key: TaskKey): Promise<string | undefined> {
    return this.kept.get(key)?.ended && outputText(piecesOf(this.textOf(key)));
  }

  override async sweep({ tasksBeforeMs }: HistoryLimits): Promise<boolean> {
    for (const [key, { ended }] of this.kept) if ((ended?.endedMs ?? Infinity) < tasksBeforeMs) this.kept.delete(key);
    return false;
  }

  /** All frames of a task that a crash would leave, as text. */
  textOf(key: TaskKey): string {
    return this.kept
      .get(key)!
      .chunks.map(({ bytes }) => Buffer.from(bytes).toString())
      .join('');
  }

  private remove({ task, answers }: Acceptance): void {
    this.kept.delete(task.key);
    for (const { name } of answers) this.answers.delete(name);
  }

  private take(chunk: FrameChunk): void {
    const kept = this.kept.get(chunk.key);
    if (kept === undefined) return;
    const next = kept.chunks.reduce((seq, { count }) => seq + count, 1);
    if (chunk.firstSeq !== next) throw new Error(`frames from ${next} on were expected, not from ${chunk.firstSeq}`);
    kept.chunks.push(chunk);
    kept.progress = chunk.progress === undefined ? kept.progress : copyOf(chunk.progress);
  }

  private async pass(what: keyof typeof this.took): Promise<void> {
    await this.gate;
    if (this.full) throw new Error('database or disk is full');
    this.took[what]++;
  }
}

/** As a file would give it back. */
function copyOf<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value;
}

function unfinishedOf({ record, progress, chunks }: Kept): UnfinishedTask {
  const { tokensOut = 0, decodeMs = 0 } = chunks.at(-1) ?? {};
  return { record, progress, tokensOut, decodeMs, chunks };
}
