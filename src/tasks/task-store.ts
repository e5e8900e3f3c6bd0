import { type TaskKey } from '../kernel/ids.js';
import { type SessionChanges } from '../sessions/session-store.js';
import { type EndedRecord, type TaskProgress, type TaskRecord } from './task-record.js';

/** The answer to a call that a caller may repeat. Kept with the effect of the call, so that there is never one of the two. */
export interface RememberedAnswer {
  /** Scope and name of the call; unique. */
  readonly name: string;
  /** SHA-256 of the canonical body, base64. */
  readonly digest: string;
  /** As JSON. */
  readonly answer: string;
  /** Unix epoch ms. */
  readonly expiresMs: number;
}

/** What becomes durable with a 202. */
export interface Acceptance {
  readonly task: TaskRecord;
  readonly answers: readonly RememberedAnswer[];
  /** Absent for a task outside sessions. */
  readonly sessions?: SessionChanges;
}

/** Frames of one task that lie one behind the other, and how far the task was then. */
export interface FrameChunk {
  readonly key: TaskKey;
  /** Sequence number of its first frame. */
  readonly firstSeq: number;
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly tokensOut: number;
  readonly decodeMs: number;
  /** Absent while it is as it was with the chunk before. */
  readonly progress?: TaskProgress;
}

/** What becomes durable before a terminal frame is sent. */
export interface Ending {
  readonly key: TaskKey;
  readonly record: EndedRecord;
  /** All frames that are not stored yet, the terminal one among them. Absent when frames before them could not be stored. */
  readonly frames?: Omit<FrameChunk, 'key' | 'progress' | 'tokensOut' | 'decodeMs'>;
  readonly sessions?: SessionChanges;
}

/** Frames as they are stored, one behind the other. */
export interface StoredChunk {
  readonly count: number;
  readonly bytes: Uint8Array;
}

/** A task that had not ended when the daemon before this one did. */
export interface UnfinishedTask {
  readonly record: TaskRecord;
  readonly progress: TaskProgress | undefined;
  readonly tokensOut: number;
  readonly decodeMs: number;
  /** In their order, from sequence number 1 on. */
  readonly chunks: readonly StoredChunk[];
}

export interface HistoryLimits {
  /** Ended tasks from before this time go. Unix epoch ms. */
  readonly tasksBeforeMs: number;
  /** Frames of tasks that ended before this time go. Unix epoch ms. */
  readonly framesBeforeMs: number;
  /** Ended tasks that stay at most; the oldest go first. */
  readonly tasksKept: number;
  /** Unix epoch ms: answers that expired by then go. */
  readonly nowMs: number;
}

/**
 * Keeps tasks over a restart. What is written first is durable first.
 * Every method rejects with an Error when the disk does not take it; nothing of that call is there then.
 */
export abstract class TaskStore {
  /** Survives the loss of power. Those of before, of which nobody knows whether they stand there, do so no longer. */
  abstract accept(acceptance: Acceptance, instead: readonly Acceptance[]): Promise<void>;
  /** Takes an acceptance back of which nobody knows whether it was stored. */
  abstract forget(acceptance: Acceptance): Promise<void>;
  /** Survives the end of the process. */
  abstract append(chunks: readonly FrameChunk[]): Promise<void>;
  /** Survives the end of the process. */
  abstract noteProgress(tasks: readonly { readonly key: TaskKey; readonly progress: TaskProgress }[]): Promise<void>;
  /** Survives the loss of power. */
  abstract end(ending: Ending): Promise<void>;
  /** The id of the transcript of an ended task. */
  abstract noteTranscript(key: TaskKey, artifactId: string): Promise<void>;
  /** Tasks that have not ended, in the order in which they were accepted. */
  abstract unfinished(): Promise<readonly UnfinishedTask[]>;
  /** The newest ended tasks, oldest first. */
  abstract history(most: number): Promise<readonly EndedRecord[]>;
  /** Frames of an ended task; empty once they are gone. */
  abstract framesOf(key: TaskKey): Promise<readonly StoredChunk[]>;
  /** Output text of an ended task, as long as the task is kept. */
  abstract answerOf(key: TaskKey): Promise<string | undefined>;
  /** Lets some of what is over go; true when there is more of it. */
  abstract sweep(limits: HistoryLimits): Promise<boolean>;
}

/** Keeps the answers to calls that may be repeated. */
export abstract class AnswerStore {
  /** Of calls that are remembered from before the restart. */
  abstract names(): Promise<readonly string[]>;
  abstract find(name: string): Promise<RememberedAnswer | undefined>;
  /** For calls whose effect is not in this store. */
  abstract remember(answer: RememberedAnswer): Promise<void>;
}
