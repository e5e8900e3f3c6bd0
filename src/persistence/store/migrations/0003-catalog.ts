import { type MigrationInterface, type QueryRunner } from 'typeorm';

/** Models that can be served, the digests of local weights, and the files that wait for their removal. */
export class Catalog implements MigrationInterface {
  readonly name = 'catalog-0000000000003';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE catalog_models (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('Active', 'Retired')),
        digest TEXT,
        created_ms INTEGER NOT NULL,
        entry TEXT NOT NULL
      ) STRICT`);
    await runner.query(`
      CREATE TABLE catalog_removals (
        id TEXT PRIMARY KEY,
        digest TEXT,
        due_ms INTEGER NOT NULL
      ) STRICT`);
    await runner.query(`
      CREATE TABLE catalog_stamps (
        path TEXT PRIMARY KEY,
        mark TEXT NOT NULL,
        digest TEXT NOT NULL,
        size_bytes INTEGER NOT NULL
      ) STRICT`);
  }

  /** Migrations go forward alone; the copy that is made before them is the way back. */
  async down(): Promise<void> {}
}
