import { isEngineError } from '@llama-orch/plugin-sdk';
import { AppError } from '../../kernel/errors.js';
import { type Pool } from '../pool.js';
import { type ReloadFailure } from './reload.js';

const SOON_MS = 1_000;

/** The 409 of a call that comes while the pool is being reloaded. */
export function busy(pool: Pool): AppError {
  return new AppError('CONFLICT', `pool ${pool.id} is being reloaded; call again when that is over`, {
    members: {
      ...{ engine: pool.engine, pool_id: pool.id, retriable: true, retry_after_ms: SOON_MS },
      ...{ reload: 'rollback', failed_step: 'busy', serving: servingOf(pool) },
    },
  });
}

/** The 409 of a reload that came to nothing. */
export function rolledBack(pool: Pool, { step, cause }: ReloadFailure): AppError {
  const { code, message } = causeOf(cause);
  const serving = servingOf(pool);
  const now = serving === null ? 'nothing is served' : `${pool.model.id} serves as before`;
  return new AppError('CONFLICT', `the reload of pool ${pool.id} failed at ${step}: ${clause(message)}; ${now}`, {
    members: {
      ...{ engine: pool.engine, pool_id: pool.id, retriable: false },
      ...{ reload: 'rollback', failed_step: step, serving, cause: { code, message } },
    },
    cause,
  });
}

function servingOf(pool: Pool) {
  if (!pool.replicas.some(({ ready }) => ready) || pool.service === 'stopped') return null;
  return { model_ref: pool.model.ref, model_digest: pool.description?.modelDigest ?? null };
}

/** Errors of the daemon itself may hold anything, so that the log alone tells them. */
function causeOf(cause: unknown): { readonly code: string; readonly message: string } {
  if (isEngineError(cause)) return { code: cause.reason ?? cause.code, message: cause.message };
  return { code: 'internal', message: 'something failed inside the server; its log tells more' };
}

/** A message as a part of a sentence. */
function clause(message: string): string {
  return message.endsWith('.') ? message.slice(0, -1) : message;
}
