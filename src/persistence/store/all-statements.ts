import { ARTIFACT_STATEMENTS } from '../artifacts/statements.js';
import { CATALOG_STATEMENTS } from '../catalog/statements.js';
import { SESSION_STATEMENTS } from '../sessions/statements.js';
import { TASK_STATEMENTS } from '../tasks/statements.js';

/** Every prepared statement by its name; one line per part. */
export const STATEMENTS = {
  ...ARTIFACT_STATEMENTS,
  ...CATALOG_STATEMENTS,
  ...SESSION_STATEMENTS,
  ...TASK_STATEMENTS,
} as const satisfies Readonly<Record<string, string>>;
