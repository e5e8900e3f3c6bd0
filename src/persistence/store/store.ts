/** What a column can hold. */
export type SqlValue = string | number | bigint | Uint8Array | null;

export type SqlValues = Readonly<Record<string, SqlValue>>;

/** One named statement with its parameters. */
export interface Write {
  readonly statement: string;
  readonly values?: SqlValues;
}

/** `full` survives a power loss; `relaxed` survives the end of the process, but not always that of the machine. */
export type Durability = 'full' | 'relaxed';

/**
 * Where everything is kept that outlives the process: one database with one writer. Statements, queries and questions are
 * known to it by their names. Every rejection is a StoreFailure.
 */
export abstract class Store {
  /**
   * Writes all or nothing; durable when it resolves. Units that come while one commit runs share the next one; when one of
   * them fails, the others do not. @param durability `full` if omitted
   */
  abstract write(unit: readonly Write[], durability?: Durability): Promise<void>;
  /** Rows of a named SELECT. It sees whatever was written before in this process, also what is still on its way. */
  abstract read<Row>(query: string, values?: SqlValues): Promise<readonly Row[]>;
  /** The answer to a named question of several queries; `given` and the answer are plain data. */
  abstract ask<Answer>(question: string, given: unknown): Promise<Answer>;
  /** False from a write that the disk refused, or the loss of the store, until a write succeeds. */
  get isWritable(): boolean {
    return true;
  }

  /** Writes what waits and gives the data folder back. Calling twice is harmless. */
  abstract close(): Promise<void>;
}
