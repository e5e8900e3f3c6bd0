import { type TaskKey } from '../../kernel/ids.js';
import { type EndedRecord, type TaskProgress, type TaskRecord } from '../../tasks/task-record.js';
import {
  type Acceptance,
  AnswerStore,
  type Ending,
  type FrameChunk,
  type HistoryLimits,
  type RememberedAnswer,
  type StoredChunk,
  TaskStore,
  type UnfinishedTask,
} from '../../tasks/task-store.js';
import { sessionWrites } from '../sessions/sqlite-session-store.js';
import { textIn } from './stored-text.js';
import { type Store, type Write } from '../store/store.js';

interface TaskRow {
  readonly number: number;
  readonly record: string;
  readonly progress: string | null;
}

interface FramesRow {
  readonly frame_count: number;
  readonly bytes: Uint8Array;
}

interface OpenFramesRow extends FramesRow {
  readonly task_number: number;
  readonly tokens_out: number;
  readonly decode_ms: number;
}

interface EndedPlace {
  readonly number: number;
  readonly ended_ms: number;
}

interface EndedRow extends EndedPlace {
  readonly ended: string;
  readonly transcript: string | null;
}

interface AnswerRow {
  readonly name: string;
  readonly digest: string;
  readonly answer: string;
  readonly expires_ms: number;
}

/** Ended tasks that one message brings: the event loop stands still for as long as it takes to read it. */
const PAGE = 500;
const BEFORE_ALL: EndedPlace = { number: 0, ended_ms: -1 };

/** Tasks, their frames and their ends in tables of the store. */
export class SqliteTaskStore extends TaskStore {
  constructor(private readonly store: Store) {
    super();
  }

  override accept({ task, answers, sessions }: Acceptance, instead: readonly Acceptance[]): Promise<void> {
    return this.store.write([
      ...instead.flatMap(forgetWrites),
      { statement: 'forgetEndedTask', values: { key: task.key } },
      { statement: 'putTask', values: { key: task.key, record: JSON.stringify(task) } },
      ...answers.map(answerWrite),
      ...(sessions === undefined ? [] : sessionWrites(sessions)),
    ]);
  }

  override forget(acceptance: Acceptance): Promise<void> {
    return this.store.write(forgetWrites(acceptance));
  }

  override append(chunks: readonly FrameChunk[]): Promise<void> {
    return this.store.write(chunks.flatMap(chunkWrites), 'relaxed');
  }

  override noteProgress(tasks: readonly { readonly key: TaskKey; readonly progress: TaskProgress }[]): Promise<void> {
    return this.store.write(
      tasks.map(({ key, progress }) => progressWrite(key, progress)),
      'relaxed',
    );
  }

  override end({ key, record, frames, sessions }: Ending): Promise<void> {
    const { tokensOut, decodeMs, endedMs } = record;
    return this.store.write([
      // Frames with a gap would be read as if they were whole.
      ...(frames === undefined
        ? [{ statement: 'dropFrames', values: { key } }]
        : chunkWrites({ key, ...frames, tokensOut, decodeMs })),
      { statement: 'endTask', values: { key, endedMs, ended: JSON.stringify(record) } },
      ...(sessions === undefined ? [] : sessionWrites(sessions)),
    ]);
  }

  override noteTranscript(key: TaskKey, transcript: string): Promise<void> {
    return this.store.write([{ statement: 'putTranscript', values: { key, transcript } }], 'relaxed');
  }

  override async unfinished(): Promise<readonly UnfinishedTask[]> {
    const tasks = await this.store.read<TaskRow>('unfinishedTasks');
    const frames = Map.groupBy(await this.store.read<OpenFramesRow>('framesOfUnfinished'), (row) => row.task_number);
    return tasks.map((task) => unfinishedOf(task, frames.get(task.number) ?? []));
  }

  override async history(most: number): Promise<readonly EndedRecord[]> {
    const records: EndedRecord[] = [];
    let [place = BEFORE_ALL] = await this.store.read<EndedPlace>('newestEndedButSome', { some: most });
    for (;;) {
      const after = { endedMs: place.ended_ms, number: place.number };
      const rows = await this.store.read<EndedRow>('endedAfter', { ...after, most: PAGE });
      for (const row of rows) records.push(endedOf(row));
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return records;
      place = last;
    }
  }

  override async answerOf(key: TaskKey): Promise<string | undefined> {
    // Frames first: they go when the text comes.
    const frames = await this.framesOf(key);
    if (frames.length > 0) return textIn(frames.map(({ bytes }) => bytes));
    const [row] = await this.store.read<{ readonly answer_text: string | null }>('answerOfTask', { key });
    return row?.answer_text ?? undefined;
  }

  override async framesOf(key: TaskKey): Promise<readonly StoredChunk[]> {
    return (await this.store.read<FramesRow>('framesOfTask', { key })).map(chunkOf);
  }

  override async sweep(limits: HistoryLimits): Promise<boolean> {
    const hasMore = await this.store.ask<boolean>('sweepTasks', limits);
    if (!hasMore) await this.store.read('cutLog');
    return hasMore;
  }
}

/** Answers to repeated calls in a table of the store. */
export class SqliteAnswerStore extends AnswerStore {
  constructor(private readonly store: Store) {
    super();
  }

  override async names(): Promise<readonly string[]> {
    return (await this.store.read<Pick<AnswerRow, 'name'>>('namesOfAnswers')).map(({ name }) => name);
  }

  override async find(name: string): Promise<RememberedAnswer | undefined> {
    const [row] = await this.store.read<AnswerRow>('findAnswer', { name });
    return row && { name: row.name, digest: row.digest, answer: row.answer, expiresMs: row.expires_ms };
  }

  override remember(answer: RememberedAnswer): Promise<void> {
    return this.store.write([answerWrite(answer)]);
  }
}

function forgetWrites({ task, answers }: Acceptance): Write[] {
  return [
    { statement: 'dropTask', values: { key: task.key } },
    ...answers.map(({ name }) => ({ statement: 'dropAnswer', values: { name } })),
  ];
}

function answerWrite({ name, digest, answer, expiresMs }: RememberedAnswer): Write {
  return { statement: 'putAnswer', values: { name, digest, answer, expiresMs } };
}

function chunkWrites({ key, firstSeq, count, bytes, tokensOut, decodeMs, progress }: FrameChunk): Write[] {
  const frames = { statement: 'putFrames', values: { key, firstSeq, count, tokensOut, decodeMs, bytes } };
  if (progress === undefined) return [frames];
  return [frames, progressWrite(key, progress)];
}

function progressWrite(key: TaskKey, progress: TaskProgress): Write {
  return { statement: 'putProgress', values: { key, progress: JSON.stringify(progress) } };
}

function unfinishedOf({ record, progress }: TaskRow, frames: readonly OpenFramesRow[]): UnfinishedTask {
  const last = frames.at(-1);
  return {
    record: JSON.parse(record) as TaskRecord,
    progress: progress === null ? undefined : (JSON.parse(progress) as TaskProgress),
    tokensOut: last?.tokens_out ?? 0,
    decodeMs: last?.decode_ms ?? 0,
    chunks: frames.map(chunkOf),
  };
}

function chunkOf({ frame_count: count, bytes }: FramesRow): StoredChunk {
  return { count, bytes };
}

function endedOf({ ended, transcript }: EndedRow): EndedRecord {
  const record = JSON.parse(ended) as EndedRecord;
  return { ...record, transcript: transcript ?? undefined };
}
