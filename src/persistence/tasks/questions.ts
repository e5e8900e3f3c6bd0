import { type DataSource } from 'typeorm';
import { outputText, piecesOf } from '../../tasks/frames.js';
import { type HistoryLimits } from '../../tasks/task-store.js';
import { type Question } from '../store/question.js';

/** Rows that one sweep looks at most, so that writers wait for a moment only. */
const MOST_AT_ONCE = 200;

interface Old {
  readonly number: number;
}

/** Lets go what is over; true when there is more of it. */
const sweepTasks: Question<HistoryLimits, boolean> = async (source, limits) => {
  const { tasksBeforeMs, tasksKept, framesBeforeMs, nowMs } = limits;
  const removed = await removeTasks(source, tasksBeforeMs, tasksKept);
  const shortened = await shorten(source, framesBeforeMs);
  const expired = 'SELECT name FROM remembered_answers WHERE expires_ms <= ? LIMIT ?';
  await source.query(`DELETE FROM remembered_answers WHERE name IN (${expired})`, [nowMs, MOST_AT_ONCE]);
  return removed === MOST_AT_ONCE || shortened === MOST_AT_ONCE;
};

async function removeTasks(source: DataSource, beforeMs: number, kept: number): Promise<number> {
  // The oldest of those that stay.
  const [edge] = await rows<{ readonly ended_ms: number }>(
    source,
    'SELECT ended_ms FROM tasks WHERE ended_ms IS NOT NULL ORDER BY ended_ms DESC LIMIT 1 OFFSET ?',
    [Math.max(0, kept - 1)],
  );
  const before = Math.max(beforeMs, edge?.ended_ms ?? beforeMs);
  const old = await rows<Old>(source, 'SELECT number FROM tasks WHERE ended_ms < ? ORDER BY ended_ms LIMIT ?', [
    before,
    MOST_AT_ONCE,
  ]);
  if (old.length > 0) await source.query(`DELETE FROM tasks WHERE number IN (${numbers(old)})`);
  return old.length;
}

/** Of an answer whose frames are over its text stays, as long as its task does. */
async function shorten(source: DataSource, beforeMs: number): Promise<number> {
  const old = await rows<Old>(
    source,
    `SELECT number FROM tasks WHERE ended_ms < ? AND answer_text IS NULL ORDER BY ended_ms LIMIT ?`,
    [beforeMs, MOST_AT_ONCE],
  );
  for (const { number } of old) {
    const frames = await rows<{ readonly bytes: Uint8Array }>(
      source,
      'SELECT bytes FROM task_frames WHERE task_number = ? ORDER BY first_seq',
      [number],
    );
    const text = outputText(frames.flatMap(({ bytes }) => piecesOf(Buffer.from(bytes).toString())));
    await source.query('UPDATE tasks SET answer_text = ? WHERE number = ?', [text, number]);
    await source.query('DELETE FROM task_frames WHERE task_number = ?', [number]);
  }
  return old.length;
}

async function rows<Row>(source: DataSource, sql: string, values: readonly unknown[]): Promise<readonly Row[]> {
  return await source.query<Row[]>(sql, [...values]);
}

function numbers(old: readonly Old[]): string {
  return old.map(({ number }) => String(number)).join(', ');
}

export const TASK_QUESTIONS = { sweepTasks } as const;
