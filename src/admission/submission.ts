import { type CreateTask } from '@llama-orch/client';
import { type Provenance } from '../tasks/task.js';

/** Who calls. Without keys everybody is tenant `default`. */
export interface Caller {
  readonly tenantId: string;
  /** Id of the key; null without keys. */
  readonly keyId: string | null;
}

/** One POST /v1/tasks after authentication, before its body was checked. */
export interface Submission {
  readonly body: unknown;
  readonly caller: Caller;
  readonly correlationId: string;
  readonly provenance: Provenance;
  readonly idempotencyKey: string | undefined;
  /** Monotonic ms of the receipt: deadlines count from here. */
  readonly receivedAt: number;
}

/** Checks a body against the contract; a port, because the contract belongs to the wire. */
export abstract class TaskRules {
  /** @throws AppError `INVALID_PARAMS` with every violation */
  abstract parse(body: unknown): CreateTask;
}
