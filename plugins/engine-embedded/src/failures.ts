import { EngineError } from '@llama-orch/plugin-sdk';

import { type Failure } from './protocol.js';

/** Each way in which a replica fails, as the error that callers see. */
export function fromFailure(failure: Failure): EngineError {
  const { code, reason, message, memory } = failure;
  return new EngineError(code, message, { reason, ...(memory && { memory }) });
}

export function notReady(): EngineError {
  return new EngineError('unavailable', 'The embedded engine is still loading its model; try again shortly.', {
    reason: 'loading',
  });
}

export function closed(): EngineError {
  return new EngineError('unavailable', 'The connection to the embedded engine was closed.', { reason: 'closed' });
}

export function aborted(): EngineError {
  return new EngineError('timeout', 'The embedded engine was told to stop before it answered.', {
    reason: 'cancelled',
  });
}

export function loadTimeout(limitMs: number): EngineError {
  const message = `The embedded engine did not load its model within ${limitMs} ms; allow more time or use a smaller model.`;
  return new EngineError('timeout', message, { reason: 'load_timeout' });
}

/** @param what the engine did wrong, as the rest of a sentence */
export function stuck(what: string): EngineError {
  return new EngineError('reset', `The embedded engine ${what} and was ended.`, { reason: 'engine_stuck' });
}

/** @param faultyDigest set when the same weights brought the engine down too often */
export function crashed(how: string, faultyDigest?: string): EngineError {
  const advice = faultyDigest === undefined ? '' : ` ${blame(faultyDigest)}`;
  return new EngineError('reset', `The embedded engine ended without being asked (${how}).${advice}`, {
    reason: 'engine_crashed',
  });
}

export function faultyModel(digest: string): EngineError {
  return new EngineError('unavailable', blame(digest), { reason: 'model_faulty' });
}

function blame(digest: string): string {
  return `The weights ${digest} brought the engine down three times within a minute, so they are not loaded again until the daemon restarts; replace the file.`;
}
