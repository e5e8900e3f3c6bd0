/** The part of better-sqlite3 that this room uses. The package brings no types of its own. */
declare module 'better-sqlite3' {
  export default class Database {
    constructor(file: string, options?: { readonly timeout?: number });
    readonly open: boolean;
    prepare<Row = unknown>(sql: string): Statement<Row>;
    exec(sql: string): this;
    pragma(text: string, options?: { readonly simple: boolean }): unknown;
    transaction<Parameters extends readonly unknown[]>(run: (...given: Parameters) => void): Transaction<Parameters>;
    close(): this;
  }

  export interface Statement<Row> {
    run(parameters: Readonly<Record<string, unknown>>): { readonly changes: number };
    all(): Row[];
  }

  export interface Transaction<Parameters extends readonly unknown[]> {
    (...given: Parameters): void;
    immediate(...given: Parameters): void;
  }
}
