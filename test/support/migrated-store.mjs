// Before all tests: one store without a row, as new as the program. Daemons under test begin with a copy of it, which
// spares each of them the steps of the schema; those have tests of their own.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openConnection } from '../../dist/persistence/store/connection.js';
import { storePath } from '../../dist/persistence/store/connection-path.js';

export const MIGRATED_STORE = 'LLAMA_ORCH_TEST_MIGRATED_STORE';

export default async function setUp() {
  const folder = mkdtempSync(join(tmpdir(), 'llama-orch-migrated-'));
  const { db } = await openConnection(folder, 0);
  db.close();
  process.env[MIGRATED_STORE] = storePath(folder);
}
