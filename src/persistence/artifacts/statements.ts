const COLUMNS =
  'r.seq, r.tenant_id, r.artifact_id, r.kind, r.tags, r.parent, r.metadata, r.created_ms, r.size_bytes, r.redacted';

/** What every list asks for, beside what leads it to its rows. */
const FILTERS = `
  AND (@id IS NULL OR r.artifact_id = @id)
  AND (@kind IS NULL OR r.kind = @kind)
  AND (@parent IS NULL OR r.parent = @parent)
  AND r.created_ms >= @sinceMs
  AND NOT EXISTS (
    SELECT 1 FROM json_each(@tags) AS wanted WHERE NOT EXISTS (
      SELECT 1 FROM artifact_tags AS t WHERE t.tenant_id = @tenantId AND t.tag = wanted.value AND t.seq = r.seq))`;
const NEWEST = 'ORDER BY r.seq DESC LIMIT @limit';

/** Of the wanted tags the one that fewest rows have; from a thousand on it makes no difference. */
const RAREST_TAG = `(
  SELECT value FROM json_each(@tags) ORDER BY (
    SELECT count(*) FROM (SELECT 1 FROM artifact_tags WHERE tenant_id = @tenantId AND tag = value LIMIT 1000))
  LIMIT 1)`;

const LIST = `SELECT ${COLUMNS} FROM artifact_rows AS r`;
const SEQS = '(SELECT value FROM json_each(@seqs))';

/** Whether the artifact is among the ancestors of the parent, or the parent itself. */
const IS_ANCESTOR = `EXISTS (
  WITH RECURSIVE ancestors (id) AS (
    SELECT @parent
    UNION
    SELECT a.parent FROM ancestors JOIN artifact_rows AS a
      ON a.tenant_id = @tenantId AND a.artifact_id = ancestors.id AND a.parent IS NOT NULL)
  SELECT 1 FROM ancestors WHERE id = @id)`;

const LINEAGE = `CASE
  WHEN @parent IS NULL THEN 'root'
  WHEN NOT EXISTS (SELECT 1 FROM artifact_holdings WHERE artifact_id = @parent AND tenant_id = @tenantId) THEN 'orphan'
  WHEN @parent = @id THEN 'circle'
  WHEN NOT EXISTS (SELECT 1 FROM artifact_holdings WHERE artifact_id = @id AND tenant_id = @tenantId) THEN 'child'
  WHEN ${IS_ANCESTOR} THEN 'circle'
  ELSE 'child' END`;

export const ARTIFACT_STATEMENTS = {
  addArtifact: `
    INSERT INTO artifact_rows
      (seq, tenant_id, artifact_id, kind, tags, parent, metadata, created_ms, size_bytes, redacted, is_kept, lineage)
    VALUES
      (@seq, @tenantId, @id, @kind, @tags, @parent, @metadata, @createdMs, @sizeBytes, @redacted, @isKept, ${LINEAGE})`,
  removeArtifacts: `DELETE FROM artifact_rows WHERE seq IN ${SEQS}`,
  lastArtifact: 'SELECT max(seq) AS seq FROM artifact_rows',
  artifactsOf: `${LIST} WHERE r.tenant_id = @tenantId AND r.seq < @beforeSeq ${FILTERS} ${NEWEST}`,
  artifactsById: `${LIST} WHERE r.tenant_id = @tenantId AND r.artifact_id = @id AND r.seq < @beforeSeq ${FILTERS} ${NEWEST}`,
  artifactsByKind: `${LIST} WHERE r.tenant_id = @tenantId AND r.kind = @kind AND r.seq < @beforeSeq ${FILTERS} ${NEWEST}`,
  artifactsByParent: `${LIST} WHERE r.tenant_id = @tenantId AND r.parent = @parent AND r.seq < @beforeSeq ${FILTERS} ${NEWEST}`,
  artifactsByTag: `
    SELECT ${COLUMNS} FROM artifact_tags AS led CROSS JOIN artifact_rows AS r ON r.seq = led.seq
    WHERE led.tenant_id = @tenantId AND led.tag = ${RAREST_TAG} AND led.seq < @beforeSeq
      AND r.tenant_id = @tenantId ${FILTERS} ORDER BY led.seq DESC LIMIT @limit`,
  artifactHolding: 'SELECT 1 AS held FROM artifact_holdings WHERE artifact_id = @id AND tenant_id = @tenantId',
  artifactBytes: 'SELECT bytes FROM artifact_bytes WHERE tenant_id = @tenantId',
  expiredArtifacts: `
    SELECT seq FROM artifact_rows
    WHERE is_kept = 0 AND kind = @kind AND created_ms < @beforeMs ORDER BY created_ms LIMIT @limit`,
  oldestArtifacts: `
    SELECT seq, artifact_id, size_bytes,
      (SELECT sum(row_count) FROM artifact_holdings AS h WHERE h.artifact_id = r.artifact_id) AS rows_of_id
    FROM artifact_rows AS r WHERE seq > @afterSeq AND is_kept = 0 ORDER BY seq LIMIT @limit`,
  unreferencedArtifacts: `
    SELECT value AS id FROM json_each(@ids)
    WHERE NOT EXISTS (SELECT 1 FROM artifact_holdings WHERE artifact_id = value)`,
} as const;
