import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { type Statement } from 'better-sqlite3';
import { type Batch, type Committed } from './protocol.js';
import { concernsAll, failureOf } from './sqlite-error.js';
import { type FailureFacts } from './store-failure.js';
import { type Durability, type Write } from './store.js';

const SYNCHRONOUS: Readonly<Record<Durability, string>> = { full: 'FULL', relaxed: 'NORMAL' };

/** Commits batches: one transaction for all units, in which each stands or falls by itself. */
export class Committer {
  private durability: Durability | undefined;
  private changes = 0;
  private readonly begin: Statement<unknown>;
  private readonly mark: Statement<unknown>;
  private readonly keep: Statement<unknown>;
  private readonly undo: Statement<unknown>;
  private readonly commit: Statement<unknown>;

  constructor(
    private readonly db: Database,
    private readonly statementOf: (name: string) => Statement<unknown>,
  ) {
    this.begin = db.prepare('BEGIN IMMEDIATE');
    this.mark = db.prepare('SAVEPOINT unit');
    this.keep = db.prepare('RELEASE unit');
    this.undo = db.prepare('ROLLBACK TO unit');
    this.commit = db.prepare('COMMIT');
  }

  /** Commits a batch. When the disk does not take it, nothing of the batch is there. */
  run({ units, durability }: Batch): Pick<Committed, 'failures' | 'hasWritten'> {
    this.changes = 0;
    try {
      this.sync(durability);
      this.begin.run();
      const failures = units.map((unit) => this.tryUnit(unit));
      this.commit.run();
      return { failures, hasWritten: this.changes > 0 };
    } catch (error) {
      const failure = failureOf(error);
      rollBack(this.db);
      return { failures: units.map(() => failure), hasWritten: false };
    }
  }

  /** @throws what a write throws while the disk takes none */
  probe(): void {
    try {
      this.sync('full');
      this.begin.run();
      this.db.pragma(`user_version = ${Number(this.db.pragma('user_version', { simple: true }))}`);
      this.commit.run();
    } finally {
      rollBack(this.db);
    }
  }

  private tryUnit(unit: readonly Write[]): FailureFacts | undefined {
    this.mark.run();
    try {
      for (const write of unit) this.runWrite(write);
      this.keep.run();
      return undefined;
    } catch (error) {
      const failure = failureOf(error);
      if (concernsAll(failure) || !this.db.inTransaction) throw error;
      this.undo.run();
      this.keep.run();
      return failure;
    }
  }

  private runWrite({ statement, values }: Write): void {
    const prepared = this.statementOf(statement);
    this.changes += (values === undefined ? prepared.run() : prepared.run(values)).changes;
  }

  /** How durable the next transaction is. */
  sync(durability: Durability): void {
    if (this.durability === durability) return;
    this.db.pragma(`synchronous = ${SYNCHRONOUS[durability]}`);
    this.durability = durability;
  }
}

/** Some failures of the disk have rolled back by themselves. Never throws. */
export function rollBack(db: Database): void {
  try {
    if (db.inTransaction) db.exec('ROLLBACK');
  } catch {
    // What caused this is told already; the next BEGIN tells whether the connection is of use.
  }
}

/** Size of the write-ahead log of a database; 0 while there is none. */
export function walBytesOf(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
