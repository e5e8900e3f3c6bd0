import type Database from 'better-sqlite3';
import { type Statement } from 'better-sqlite3';
import { type HistoryLimits } from '../../tasks/task-store.js';
import { type Question } from '../store/question.js';
import { textIn } from './stored-text.js';

/** Rows, and bytes in them, that one pass of a sweep takes at most, so that writers wait for a moment only. */
const MOST_AT_ONCE = { rows: 200, bytes: 512 * 1024 };

interface Old {
  readonly number: number;
}

interface Ended {
  readonly ended_ms: number;
}

interface Bytes {
  readonly bytes: number;
}

interface Frames {
  readonly bytes: Uint8Array;
}

interface Answer extends Bytes {
  readonly name: string;
}

/** How much one pass has done. */
class Pass {
  private rows = 0;
  private bytes = 0;

  get isFull(): boolean {
    return this.rows >= MOST_AT_ONCE.rows || this.bytes >= MOST_AT_ONCE.bytes;
  }

  count(bytes: number): void {
    this.rows++;
    this.bytes += bytes;
  }
}

/** Lets go what is over; true when there may be more of it. */
const sweepTasks: Question<HistoryLimits, boolean> = (db, limits) => new Sweep(db).run(limits);

/** One pass over what has ended. */
class Sweep {
  private readonly pass = new Pass();
  private readonly edge: Statement<Ended>;
  private readonly old: Statement<Old>;
  private readonly bytes: Statement<Bytes>;
  private readonly remove: Statement<unknown>;
  private readonly long: Statement<Old>;
  private readonly frames: Statement<Frames>;
  private readonly shorten: Statement<unknown>;
  private readonly dropFrames: Statement<unknown>;
  private readonly expired: Statement<Answer>;
  private readonly forget: Statement<unknown>;

  constructor(db: Database) {
    this.edge = db.prepare(
      'SELECT ended_ms FROM tasks WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1 OFFSET :kept',
    );
    this.old = db.prepare('SELECT number FROM tasks WHERE ended_ms < :before ORDER BY ended_ms LIMIT :rows');
    this.bytes = db.prepare('SELECT TOTAL(LENGTH(bytes)) AS bytes FROM task_frames WHERE task_number = :number');
    this.remove = db.prepare('DELETE FROM tasks WHERE number = :number');
    this.long = db.prepare(
      'SELECT number FROM tasks WHERE ended_ms < :before AND answer_text IS NULL ORDER BY ended_ms LIMIT :rows',
    );
    this.frames = db.prepare('SELECT bytes FROM task_frames WHERE task_number = :number ORDER BY first_seq');
    this.shorten = db.prepare('UPDATE tasks SET answer_text = :text WHERE number = :number');
    this.dropFrames = db.prepare('DELETE FROM task_frames WHERE task_number = :number');
    this.expired = db.prepare(
      'SELECT name, OCTET_LENGTH(answer) AS bytes FROM remembered_answers WHERE expires_ms <= :now LIMIT :rows',
    );
    this.forget = db.prepare('DELETE FROM remembered_answers WHERE name = :name');
  }

  run(limits: HistoryLimits): boolean {
    this.removeTasks(limits);
    this.shortenTasks(limits.framesBeforeMs);
    this.forgetAnswers(limits.nowMs);
    return this.pass.isFull;
  }

  private removeTasks({ tasksBeforeMs, tasksKept }: HistoryLimits): void {
    // The oldest of those that stay.
    const edge = this.edge.get({ kept: Math.max(0, tasksKept - 1) });
    const before = Math.max(tasksBeforeMs, edge?.ended_ms ?? tasksBeforeMs);
    for (const { number } of this.old.all({ before, rows: MOST_AT_ONCE.rows })) {
      if (this.pass.isFull) return;
      this.pass.count(this.bytes.get({ number })?.bytes ?? 0);
      this.remove.run({ number });
    }
  }

  /** Of an answer whose frames are over its text stays, as long as its task does. */
  private shortenTasks(before: number): void {
    for (const { number } of this.long.all({ before, rows: MOST_AT_ONCE.rows })) {
      if (this.pass.isFull) return;
      const chunks = this.frames.all({ number }).map(({ bytes }) => bytes);
      this.shorten.run({ text: textIn(chunks), number });
      this.dropFrames.run({ number });
      this.pass.count(chunks.reduce((sum, { length }) => sum + length, 0));
    }
  }

  private forgetAnswers(now: number): void {
    for (const { name, bytes } of this.expired.all({ now, rows: MOST_AT_ONCE.rows })) {
      if (this.pass.isFull) return;
      this.pass.count(bytes);
      this.forget.run({ name });
    }
  }
}

export const TASK_QUESTIONS = { sweepTasks } as const;
