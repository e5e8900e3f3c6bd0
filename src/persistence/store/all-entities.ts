import { ARTIFACT_ENTITIES } from '../artifacts/entities.js';
import { CATALOG_ENTITIES } from '../catalog/entities.js';
import { SESSION_ENTITIES } from '../sessions/entities.js';
import { TASK_ENTITIES } from '../tasks/entities.js';

/** Every table as TypeORM sees it; one line per part. What it would change in a migrated store has to be nothing. */
export const ENTITIES = [...SESSION_ENTITIES, ...TASK_ENTITIES, ...CATALOG_ENTITIES, ...ARTIFACT_ENTITIES];
