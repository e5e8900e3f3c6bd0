import { ApiError, TaskFailedError, UnreachableError } from '@llama-orch/client';
import { ConfigError } from '../config/index.js';
import { ERRORS } from '../kernel/errors.js';
import { InterruptedError, UsageError } from './cli-errors.js';

/** What the command's exit code says. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  unavailable: 69,
  tryLater: 75,
  noPermission: 77,
  config: 78,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The exit code of a failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InterruptedError) return EXIT.interrupted;
  if (error instanceof ConfigError) return EXIT.config;
  if (error instanceof UnreachableError) return EXIT.unavailable;
  if (error instanceof ApiError) return exitCodeOfStatus(error.status);
  if (error instanceof TaskFailedError) return exitCodeOfStatus(ERRORS[error.code]?.status);
  return EXIT.failure;
}

function exitCodeOfStatus(status: number | undefined): ExitCode {
  if (status === 503) return EXIT.unavailable;
  if (status === 429) return EXIT.tryLater;
  if (status === 401 || status === 403) return EXIT.noPermission;
  return EXIT.failure;
}
