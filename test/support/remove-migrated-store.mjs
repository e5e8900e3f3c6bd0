import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { MIGRATED_STORE } from './migrated-store.mjs';

/** After all tests. */
export default function tearDown() {
  rmSync(dirname(process.env[MIGRATED_STORE]), { recursive: true, force: true });
}
