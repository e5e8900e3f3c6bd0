import { z } from 'zod';
import { EngineError } from '../contracts/engine-error.js';

/** Option that names the environment variable with a key; the key itself never stands in a config. */
export const keyVariable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable, not the key itself');

/**
 * The header that carries the operator's key, from the environment variable that option `option` names. None: no header.
 * @throws EngineError `unavailable` when the variable is not set
 */
export function bearerHeader(variable: string | undefined, option: string): Readonly<Record<string, string>> {
  if (variable === undefined) return {};
  const key = process.env[variable];
  if (key !== undefined && key !== '') return { authorization: `Bearer ${key}` };
  const message = `The environment variable ${variable} (${option}) is not set; set it and restart.`;
  throw new EngineError('unavailable', message, { reason: 'engine_auth' });
}
