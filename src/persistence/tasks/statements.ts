const OPEN = 'SELECT number FROM tasks WHERE task_key = @key AND ended_ms IS NULL';

export const TASK_STATEMENTS = {
  // An id may be used again once its task is forgotten.
  forgetEndedTask: 'DELETE FROM tasks WHERE task_key = @key AND ended_ms IS NOT NULL',
  dropTask: 'DELETE FROM tasks WHERE task_key = @key',
  putTask: 'INSERT INTO tasks (task_key, record) VALUES (@key, @record)',
  // Frames of which nobody knows whether they were stored come again, from the same one on.
  putFrames: `INSERT OR REPLACE INTO task_frames (task_number, first_seq, frame_count, tokens_out, decode_ms, bytes)
    SELECT number, @firstSeq, @count, @tokensOut, @decodeMs, @bytes FROM tasks WHERE task_key = @key AND ended_ms IS NULL`,
  putProgress: 'UPDATE tasks SET progress = @progress WHERE task_key = @key AND ended_ms IS NULL',
  dropFrames: `DELETE FROM task_frames WHERE task_number = (${OPEN})`,
  endTask: `UPDATE tasks SET ended_ms = @endedMs, ended = @ended, record = NULL, progress = NULL
    WHERE task_key = @key AND ended_ms IS NULL`,
  putTranscript: 'UPDATE tasks SET transcript = @transcript WHERE task_key = @key',
  unfinishedTasks: 'SELECT number, record, progress FROM tasks WHERE ended_ms IS NULL ORDER BY number',
  framesOfUnfinished: `SELECT task_number, frame_count, tokens_out, decode_ms, bytes FROM task_frames
    WHERE task_number IN (SELECT number FROM tasks WHERE ended_ms IS NULL) ORDER BY task_number, first_seq`,
  newestEndedButSome: `SELECT number, ended_ms FROM tasks WHERE ended_ms IS NOT NULL
    ORDER BY ended_ms DESC, number DESC LIMIT 1 OFFSET @some`,
  endedAfter: `SELECT number, ended_ms, ended, transcript FROM tasks WHERE (ended_ms, number) > (@endedMs, @number)
    ORDER BY ended_ms, number LIMIT @most`,
  answerOfTask: 'SELECT answer_text FROM tasks WHERE task_key = @key AND ended_ms IS NOT NULL',
  framesOfTask: `SELECT frame_count, bytes FROM task_frames
    WHERE task_number = (SELECT number FROM tasks WHERE task_key = @key) ORDER BY first_seq`,
  // What was deleted stands in the log of the database until that is cut.
  cutLog: 'PRAGMA wal_checkpoint(TRUNCATE)',
  namesOfAnswers: 'SELECT name FROM remembered_answers',
  findAnswer: 'SELECT name, digest, answer, expires_ms FROM remembered_answers WHERE name = @name',
  dropAnswer: 'DELETE FROM remembered_answers WHERE name = @name',
  putAnswer: `INSERT OR REPLACE INTO remembered_answers (name, digest, answer, expires_ms)
    VALUES (@name, @digest, @answer, @expiresMs)`,
} as const;
