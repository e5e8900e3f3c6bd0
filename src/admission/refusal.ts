import { AppError } from '../kernel/errors.js';
import { type Pool } from '../pools/pool.js';

/** The same refusal with the engine that it is about, unless it names one. `body` is what was sent, checked or not. */
export function withEngine(error: AppError, body: unknown, pools: readonly Pool[]): AppError {
  const { code, message, members, status, headers, cause } = error;
  if (typeof members.engine === 'string') return error;
  return new AppError(code, message, {
    members: { ...members, engine: engineOf(body, pools) },
    status,
    headers,
    cause,
  });
}

/** The engine that the task names if there is such a one, else that of the pool that would serve its model, else null. */
function engineOf(body: unknown, pools: readonly Pool[]): string | null {
  if (typeof body !== 'object' || body === null) return null;
  const { engine, model_ref }: { engine?: unknown; model_ref?: unknown } = body;
  const named =
    pools.find((pool) => pool.engine === engine) ??
    pools.find((pool) => pool.modelNames.some((name) => name === model_ref));
  return named?.engine ?? null;
}
