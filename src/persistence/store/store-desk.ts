import { type Statement } from 'better-sqlite3';
import { type Clock, SystemClock } from '../../kernel/clock.js';
import { QUESTIONS } from './all-questions.js';
import { STATEMENTS } from './all-statements.js';
import { Committer, rollBack, walBytesOf } from './committer.js';
import { type Connection } from './connection.js';
import { damaged } from './open-errors.js';
import { type Batch, type Committed, type ToThread } from './protocol.js';
import { type Questions } from './question.js';
import { isSqliteError } from './sqlite-error.js';
import { type SqlValues } from './store.js';

export interface Named {
  readonly statements: Readonly<Record<string, string>>;
  readonly questions: Questions;
}

const ALL: Named = { statements: STATEMENTS, questions: QUESTIONS };

/** Serves one request after the other on an open connection; this is what runs in the thread. */
export class StoreDesk {
  private readonly prepared: ReadonlyMap<string, Statement<unknown>>;
  private readonly committer: Committer;

  /** @throws StoreError when the tables are not those that the statements need: somebody cut the store */
  constructor(
    private readonly connection: Connection,
    private readonly named: Named = ALL,
    private readonly clock: Clock = new SystemClock(),
  ) {
    this.prepared = prepareAll(connection, named.statements);
    this.committer = new Committer(connection.db, (name) => this.statementOf(name));
  }

  /** @throws Error that {@link failureOf} explains */
  async serve(request: ToThread): Promise<unknown> {
    switch (request.type) {
      case 'commit':
        return this.commit(request);
      case 'read':
        return this.read(request.query, request.values);
      case 'ask':
        return this.ask(request.question, request.given);
      case 'probe':
        return this.committer.probe();
      case 'snapshot':
        return this.connection.db.backup(request.file);
      case 'close':
        return void this.connection.db.close();
    }
  }

  private commit(batch: Batch): Committed {
    const since = this.clock.now();
    const outcome = this.committer.run(batch);
    return { ...outcome, tookMs: this.clock.now() - since, walBytes: walBytesOf(this.connection.path) };
  }

  private read(query: string, values: SqlValues | undefined): readonly unknown[] {
    const statement = this.statementOf(query);
    return values === undefined ? statement.all() : statement.all(values);
  }

  private ask(name: string, given: unknown): unknown {
    const question = this.named.questions[name];
    if (question === undefined) throw new Error(`the store knows no question ${name}`);
    this.committer.sync('full');
    return this.inTransaction(() => question(this.connection.db, given as never));
  }

  private inTransaction<Answer>(work: () => Answer): Answer {
    const { db } = this.connection;
    db.exec('BEGIN');
    try {
      const answer = work();
      db.exec('COMMIT');
      return answer;
    } catch (error) {
      rollBack(db);
      throw error;
    }
  }

  private statementOf(name: string): Statement<unknown> {
    const statement = this.prepared.get(name);
    if (statement === undefined) throw new Error(`the store knows no statement ${name}`);
    return statement;
  }
}

function prepareAll({ db, path }: Connection, statements: Named['statements']): Map<string, Statement<unknown>> {
  try {
    return new Map(Object.entries(statements).map(([name, sql]) => [name, db.prepare(sql)]));
  } catch (error) {
    if (isSqliteError(error) && error.code === 'SQLITE_ERROR') throw damaged(path, error.message, error);
    throw error;
  }
}
