import { EntitySchema } from 'typeorm';

export const ARTIFACT_ENTITIES = [
  new EntitySchema({
    name: 'ArtifactRow',
    tableName: 'artifact_rows',
    columns: {
      seq: { type: 'integer', primary: true },
      tenant_id: { type: 'text' },
      artifact_id: { type: 'text' },
      kind: { type: 'text' },
      tags: { type: 'text' },
      parent: { type: 'text', nullable: true },
      metadata: { type: 'text' },
      created_ms: { type: 'integer' },
      size_bytes: { type: 'integer' },
      redacted: { type: 'integer' },
      is_kept: { type: 'integer' },
      lineage: { type: 'text' },
    },
    indices: [
      { name: 'artifact_rows_by_id', columns: ['tenant_id', 'artifact_id', 'seq'] },
      { name: 'artifact_rows_by_tenant', columns: ['tenant_id', 'seq'] },
      { name: 'artifact_rows_by_kind', columns: ['tenant_id', 'kind', 'seq'] },
      { name: 'artifact_rows_by_parent', columns: ['tenant_id', 'parent', 'seq'], where: 'parent IS NOT NULL' },
      { name: 'artifact_rows_by_age', columns: ['kind', 'created_ms'], where: 'is_kept = 0' },
    ],
  }),
  new EntitySchema({
    name: 'ArtifactTag',
    tableName: 'artifact_tags',
    columns: {
      tenant_id: { type: 'text', primary: true },
      tag: { type: 'text', primary: true },
      seq: { type: 'integer', primary: true },
    },
  }),
  new EntitySchema({
    name: 'ArtifactHolding',
    tableName: 'artifact_holdings',
    columns: {
      artifact_id: { type: 'text', primary: true },
      tenant_id: { type: 'text', primary: true },
      size_bytes: { type: 'integer' },
      row_count: { type: 'integer' },
    },
  }),
  new EntitySchema({
    name: 'ArtifactBytes',
    tableName: 'artifact_bytes',
    columns: { tenant_id: { type: 'text', primary: true }, bytes: { type: 'integer' } },
  }),
];
