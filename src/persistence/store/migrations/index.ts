import { type MigrationInterface } from 'typeorm';
import { Sessions } from './0001-sessions.js';
import { Tasks } from './0002-tasks.js';
import { Catalog } from './0003-catalog.js';
import { Artifacts } from './0004-artifacts.js';

export type MigrationClass = new () => MigrationInterface;

/** Where the steps are counted that a store has seen. */
export const MIGRATIONS_TABLE = 'migrations';

/** In their order, which their names repeat in their last 13 digits. They are only ever added. */
export const MIGRATIONS: readonly MigrationClass[] = [Sessions, Tasks, Catalog, Artifacts];
