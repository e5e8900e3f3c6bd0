import type Database from 'better-sqlite3';
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
const sweepTasks: Question<HistoryLimits, boolean> = (db, limits) => {
  const pass = new Pass();
  removeTasks(db, limits, pass);
  shorten(db, limits.framesBeforeMs, pass);
  forgetAnswers(db, limits.nowMs, pass);
  return pass.isFull;
};

function removeTasks(db: Database, limits: HistoryLimits, pass: Pass): void {
  const { tasksBeforeMs, tasksKept } = limits;
  // The oldest of those that stay.
  const edge = db
    .prepare<Ended>('SELECT ended_ms FROM tasks WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1 OFFSET :kept')
    .get({ kept: Math.max(0, tasksKept - 1) });
  const before = Math.max(tasksBeforeMs, edge?.ended_ms ?? tasksBeforeMs);
  const remove = db.prepare('DELETE FROM tasks WHERE number = :number');
  const old = db.prepare<Old>('SELECT number FROM tasks WHERE ended_ms < :before ORDER BY ended_ms LIMIT :rows');
  for (const { number } of old.all({ before, rows: MOST_AT_ONCE.rows })) {
    if (pass.isFull) return;
    pass.count(bytesOf(db, number));
    remove.run({ number });
  }
}

function bytesOf(db: Database, number: number): number {
  const sum = db.prepare<Bytes>('SELECT TOTAL(LENGTH(bytes)) AS bytes FROM task_frames WHERE task_number = :number');
  return sum.get({ number })?.bytes ?? 0;
}

/** Of an answer whose frames are over its text stays, as long as its task does. */
function shorten(db: Database, before: number, pass: Pass): void {
  const old = db.prepare<Old>(
    'SELECT number FROM tasks WHERE ended_ms < :before AND answer_text IS NULL ORDER BY ended_ms LIMIT :rows',
  );
  for (const { number } of old.all({ before, rows: MOST_AT_ONCE.rows })) {
    if (pass.isFull) return;
    pass.count(shortenOne(db, number));
  }
}

function shortenOne(db: Database, number: number): number {
  const frames = db
    .prepare<Frames>('SELECT bytes FROM task_frames WHERE task_number = :number ORDER BY first_seq')
    .all({ number });
  const chunks = frames.map(({ bytes }) => bytes);
  db.prepare('UPDATE tasks SET answer_text = :text WHERE number = :number').run({ text: textIn(chunks), number });
  db.prepare('DELETE FROM task_frames WHERE task_number = :number').run({ number });
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

function forgetAnswers(db: Database, now: number, pass: Pass): void {
  const expired = db.prepare<Answer>(
    'SELECT name, OCTET_LENGTH(answer) AS bytes FROM remembered_answers WHERE expires_ms <= :now LIMIT :rows',
  );
  const forget = db.prepare('DELETE FROM remembered_answers WHERE name = :name');
  for (const { name, bytes } of expired.all({ now, rows: MOST_AT_ONCE.rows })) {
    if (pass.isFull) return;
    pass.count(bytes);
    forget.run({ name });
  }
}

export const TASK_QUESTIONS = { sweepTasks } as const;
