import { type MigrationInterface, type QueryRunner } from 'typeorm';

const STATEMENTS = [
  `CREATE TABLE artifact_rows (
    seq INTEGER PRIMARY KEY NOT NULL,
    tenant_id TEXT NOT NULL,
    artifact_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    tags TEXT NOT NULL,
    parent TEXT,
    metadata TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    redacted INTEGER NOT NULL,
    is_kept INTEGER NOT NULL,
    lineage TEXT NOT NULL,
    CONSTRAINT parent_is_there CHECK (lineage <> 'orphan'),
    CONSTRAINT no_circle CHECK (lineage <> 'circle')
  ) STRICT`,
  'CREATE INDEX artifact_rows_by_id ON artifact_rows (tenant_id, artifact_id, seq)',
  'CREATE INDEX artifact_rows_by_tenant ON artifact_rows (tenant_id, seq)',
  'CREATE INDEX artifact_rows_by_kind ON artifact_rows (tenant_id, kind, seq)',
  'CREATE INDEX artifact_rows_by_parent ON artifact_rows (tenant_id, parent, seq) WHERE parent IS NOT NULL',
  'CREATE INDEX artifact_rows_by_age ON artifact_rows (kind, created_ms) WHERE is_kept = 0',
  `CREATE TABLE artifact_tags (
    tenant_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, tag, seq)
  ) STRICT, WITHOUT ROWID`,
  // Which tenants have rows of which contents. Triggers keep it and the sums, so that they can never differ from the rows.
  `CREATE TABLE artifact_holdings (
    artifact_id TEXT NOT NULL,
    tenant_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    PRIMARY KEY (artifact_id, tenant_id)
  ) STRICT, WITHOUT ROWID`,
  // Bytes by tenant, each content once; the tenant '' stands for all of them together. No tenant has an empty name.
  'CREATE TABLE artifact_bytes (tenant_id TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID',
  "INSERT INTO artifact_bytes (tenant_id, bytes) VALUES ('', 0)",
  `CREATE TRIGGER artifact_row_added AFTER INSERT ON artifact_rows BEGIN
    INSERT INTO artifact_holdings (artifact_id, tenant_id, size_bytes, row_count)
      VALUES (NEW.artifact_id, NEW.tenant_id, NEW.size_bytes, 1)
      ON CONFLICT DO UPDATE SET row_count = row_count + 1;
    INSERT OR IGNORE INTO artifact_tags (tenant_id, tag, seq)
      SELECT NEW.tenant_id, value, NEW.seq FROM json_each(NEW.tags);
  END`,
  `CREATE TRIGGER artifact_row_removed AFTER DELETE ON artifact_rows BEGIN
    DELETE FROM artifact_tags
      WHERE tenant_id = OLD.tenant_id AND tag IN (SELECT value FROM json_each(OLD.tags)) AND seq = OLD.seq;
    UPDATE artifact_holdings SET row_count = row_count - 1
      WHERE artifact_id = OLD.artifact_id AND tenant_id = OLD.tenant_id;
    DELETE FROM artifact_holdings
      WHERE artifact_id = OLD.artifact_id AND tenant_id = OLD.tenant_id AND row_count = 0;
  END`,
  `CREATE TRIGGER artifact_held AFTER INSERT ON artifact_holdings BEGIN
    INSERT INTO artifact_bytes (tenant_id, bytes) VALUES (NEW.tenant_id, NEW.size_bytes)
      ON CONFLICT DO UPDATE SET bytes = bytes + NEW.size_bytes;
    UPDATE artifact_bytes SET bytes = bytes + NEW.size_bytes
      WHERE tenant_id = '' AND (SELECT count(*) FROM artifact_holdings WHERE artifact_id = NEW.artifact_id) = 1;
  END`,
  `CREATE TRIGGER artifact_let_go AFTER DELETE ON artifact_holdings BEGIN
    UPDATE artifact_bytes SET bytes = bytes - OLD.size_bytes WHERE tenant_id = OLD.tenant_id;
    UPDATE artifact_bytes SET bytes = bytes - OLD.size_bytes
      WHERE tenant_id = '' AND NOT EXISTS (SELECT 1 FROM artifact_holdings WHERE artifact_id = OLD.artifact_id);
  END`,
];

/** Rows of artifacts; their contents are files. */
export class Artifacts implements MigrationInterface {
  readonly name = 'artifacts-0000000000004';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  /** Migrations go forward alone; the copy that is made before them is the way back. */
  async down(): Promise<void> {}
}
