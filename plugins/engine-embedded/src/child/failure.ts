import { withoutPaths } from '../paths.js';
import { type Failure } from '../protocol.js';

/** A failure with a known cause. Everything else that is thrown in the runner counts as a fault of the engine. */
export class RunnerFailure extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

export function refuse(code: Failure['code'], reason: string, message: string, detail?: string): RunnerFailure {
  return new RunnerFailure({ code, reason, message, ...(detail !== undefined && { detail }) });
}

/** @param error whatever was thrown while a request ran */
export function toFailure(error: unknown): Failure {
  if (error instanceof RunnerFailure) return error.failure;
  return {
    code: 'internal',
    reason: 'engine_fault',
    message: 'The embedded engine failed while it worked on the request.',
    detail: words(error),
  };
}

/** The engine's own words without the paths of the host. */
export function words(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return withoutPaths(text).slice(0, 500);
}
