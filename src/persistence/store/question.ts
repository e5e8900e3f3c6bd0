import { type DataSource } from 'typeorm';

/** A cold query of several steps. It runs in the thread of the store, with nothing between its steps. */
export type Question<Given, Answer> = (source: DataSource, given: Given) => Promise<Answer>;

/** Whatever their types; the one who asks knows them. */
export type Questions = Readonly<Record<string, Question<never, unknown>>>;
