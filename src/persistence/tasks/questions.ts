import { type DataSource } from 'typeorm';
import { type HistoryLimits } from '../../tasks/task-store.js';
import { type Question } from '../store/question.js';
import { textIn } from './stored-text.js';

/** Rows, and bytes in them, that one pass of a sweep takes at most, so that writers wait for a moment only. */
const MOST_AT_ONCE = { rows: 200, bytes: 512 * 1024 };

interface Old {
  readonly number: number;
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
const sweepTasks: Question<HistoryLimits, boolean> = async (source, limits) => {
  const pass = new Pass();
  await removeTasks(source, limits, pass);
  await shorten(source, limits.framesBeforeMs, pass);
  await forgetAnswers(source, limits.nowMs, pass);
  return pass.isFull;
};

async function removeTasks(source: DataSource, limits: HistoryLimits, pass: Pass): Promise<void> {
  const { tasksBeforeMs, tasksKept } = limits;
  // The oldest of those that stay.
  const [edge] = await rows<{ readonly ended_ms: number }>(
    source,
    'SELECT ended_ms FROM tasks WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1 OFFSET ?',
    [Math.max(0, tasksKept - 1)],
  );
  const before = Math.max(tasksBeforeMs, edge?.ended_ms ?? tasksBeforeMs);
  const old = 'SELECT number FROM tasks WHERE ended_ms < ? ORDER BY ended_ms LIMIT ?';
  for (const { number } of await rows<Old>(source, old, [before, MOST_AT_ONCE.rows])) {
    if (pass.isFull) return;
    pass.count(await bytesOf(source, number));
    await source.query('DELETE FROM tasks WHERE number = ?', [number]);
  }
}

async function bytesOf(source: DataSource, number: number): Promise<number> {
  const [sum] = await rows<{ readonly bytes: number }>(
    source,
    'SELECT TOTAL(LENGTH(bytes)) AS bytes FROM task_frames WHERE task_number = ?',
    [number],
  );
  return sum?.bytes ?? 0;
}

/** Of an answer whose frames are over its text stays, as long as its task does. */
async function shorten(source: DataSource, beforeMs: number, pass: Pass): Promise<void> {
  const old = 'SELECT number FROM tasks WHERE ended_ms < ? AND answer_text IS NULL ORDER BY ended_ms LIMIT ?';
  for (const { number } of await rows<Old>(source, old, [beforeMs, MOST_AT_ONCE.rows])) {
    if (pass.isFull) return;
    pass.count(await shortenOne(source, number));
  }
}

async function shortenOne(source: DataSource, number: number): Promise<number> {
  const frames = await rows<{ readonly bytes: Uint8Array }>(
    source,
    'SELECT bytes FROM task_frames WHERE task_number = ? ORDER BY first_seq',
    [number],
  );
  const chunks = frames.map(({ bytes }) => bytes);
  await source.query('UPDATE tasks SET answer_text = ? WHERE number = ?', [textIn(chunks), number]);
  await source.query('DELETE FROM task_frames WHERE task_number = ?', [number]);
  return chunks.reduce((sum, { length }) => sum + length, 0);
}

async function forgetAnswers(source: DataSource, nowMs: number, pass: Pass): Promise<void> {
  const expired = 'SELECT name, OCTET_LENGTH(answer) AS bytes FROM remembered_answers WHERE expires_ms <= ? LIMIT ?';
  const found = await rows<{ readonly name: string; readonly bytes: number }>(source, expired, [
    nowMs,
    MOST_AT_ONCE.rows,
  ]);
  for (const { name, bytes } of found) {
    if (pass.isFull) return;
    pass.count(bytes);
    await source.query('DELETE FROM remembered_answers WHERE name = ?', [name]);
  }
}

async function rows<Row>(source: DataSource, sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
  return await source.query<Row[]>(sql, [...values]);
}

export const TASK_QUESTIONS = { sweepTasks } as const;
