// The thread of the store as the daemon starts it, with questions that let a test make trouble in it.
import { STATEMENTS } from '../../dist/persistence/store/all-statements.js';
import { serveStore } from '../../dist/persistence/store/serve-store.js';

const QUESTIONS = {
  /** Ends the thread without a word, as a crash would. */
  endThread: () => process.exit(7),
  pragma: (db, text) => db.pragma(text),
  halfWay: (db, id) => {
    db.prepare(
      'INSERT INTO sessions SELECT tenant_id, :id, turns, used_tokens, used_time_ms, used_cost, last_replica, open_tasks, created_ms, expires_ms, correlation_id, client_id, user_agent, charges FROM sessions LIMIT 1',
    ).run({ id });
    throw new Error('half of it was done');
  },
};

await serveStore({ statements: STATEMENTS, questions: QUESTIONS });
