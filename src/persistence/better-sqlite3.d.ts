/** The part of better-sqlite3 that this room uses. The package brings no types of its own. */
declare module 'better-sqlite3' {
  export default class Database {
    constructor(file: string, options?: { readonly timeout?: number; readonly readonly?: boolean });
    readonly open: boolean;
    readonly inTransaction: boolean;
    prepare<Row = unknown>(sql: string): Statement<Row>;
    exec(sql: string): this;
    pragma(text: string, options?: { readonly simple: boolean }): unknown;
    /** Copies in small steps; what is written meanwhile on this connection is in the copy. */
    backup(file: string): Promise<unknown>;
    close(): this;
  }

  export interface Statement<Row> {
    run(parameters?: Readonly<Record<string, unknown>>): { readonly changes: number };
    all(parameters?: Readonly<Record<string, unknown>>): Row[];
    get(parameters?: Readonly<Record<string, unknown>>): Row | undefined;
  }
}
