import { EntitySchema } from 'typeorm';

export const CATALOG_ENTITIES = [
  new EntitySchema({
    name: 'CatalogModel',
    tableName: 'catalog_models',
    columns: {
      id: { type: 'text', primary: true },
      state: { type: 'text' },
      digest: { type: 'text', nullable: true },
      created_ms: { type: 'integer' },
      entry: { type: 'text' },
    },
  }),
  new EntitySchema({
    name: 'CatalogRemoval',
    tableName: 'catalog_removals',
    columns: {
      id: { type: 'text', primary: true },
      digest: { type: 'text', nullable: true },
      due_ms: { type: 'integer' },
    },
  }),
  new EntitySchema({
    name: 'CatalogStamp',
    tableName: 'catalog_stamps',
    columns: {
      path: { type: 'text', primary: true },
      mark: { type: 'text' },
      digest: { type: 'text' },
      size_bytes: { type: 'integer' },
    },
  }),
];
