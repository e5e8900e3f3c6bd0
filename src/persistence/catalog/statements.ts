export const CATALOG_STATEMENTS = {
  putModel: `INSERT INTO catalog_models (id, state, digest, created_ms, entry)
    VALUES (@id, @state, @digest, @created_ms, @entry)
    ON CONFLICT (id) DO UPDATE SET state = @state, digest = @digest, created_ms = @created_ms, entry = @entry`,
  dropModel: 'DELETE FROM catalog_models WHERE id = @id',
  listModels: 'SELECT entry FROM catalog_models ORDER BY created_ms, id',
  putRemoval: `INSERT OR REPLACE INTO catalog_removals (id, digest, due_ms) VALUES (@id, @digest, @due_ms)`,
  dropRemoval: 'DELETE FROM catalog_removals WHERE id = @id AND due_ms = @due_ms',
  listRemovals: 'SELECT id, digest, due_ms FROM catalog_removals ORDER BY due_ms, id',
  putStamp: `INSERT OR REPLACE INTO catalog_stamps (path, mark, digest, size_bytes)
    VALUES (@path, @mark, @digest, @size_bytes)`,
  findStamp: 'SELECT path, mark, digest, size_bytes FROM catalog_stamps WHERE path = @path',
} as const;
