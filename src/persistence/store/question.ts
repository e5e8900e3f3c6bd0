import type Database from 'better-sqlite3';

/** A cold query of several steps. It runs in the thread of the store, in one transaction. */
export type Question<Given, Answer> = (db: Database, given: Given) => Answer;

/** Whatever their types; the one who asks knows them. */
export type Questions = Readonly<Record<string, Question<never, unknown>>>;
