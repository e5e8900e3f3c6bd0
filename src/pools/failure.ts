import { EngineError, isEngineError } from '@llama-orch/plugin-sdk';

/**
 * Every word that tells why an engine failed, in logs, in `last_error` and as a label of metrics. The label may have 32
 * values, so what an adapter says beyond them is told by its code.
 */
const REASONS = [
  ...['vram_exhausted', 'host_memory_exhausted', 'driver_reset', 'ecc_error'],
  ...['hung', 'heartbeat_stale', 'slot_stuck', 'load_timeout'],
  ...['engine_crashed', 'engine_stuck', 'engine_exited', 'refused', 'too_little_memory', 'no_gpu'],
  ...['model_missing', 'model_malformed', 'model_unusable', 'model_faulty', 'digest_mismatch'],
  ...['not_installed', 'not_supported'],
  ...['mixed_versions', 'adapter_threw', 'adapter_contract', 'other'],
  ...['unavailable', 'timeout', 'reset', 'out-of-memory', 'invalid-input', 'adapter', 'internal'],
] as const;

export type FailureReason = (typeof REASONS)[number];

export const FAILURE_REASONS: readonly FailureReason[] = REASONS;

const KNOWN: ReadonlySet<string> = new Set(REASONS);

/** Weights are missing or broken, or engine or machine lack what the pool asks for: the next start would end the same way. */
const PERMANENT: ReadonlySet<FailureReason> = new Set([
  ...(['model_missing', 'model_malformed', 'model_unusable', 'model_faulty', 'digest_mismatch'] as const),
  ...(['not_installed', 'not_supported', 'no_gpu'] as const),
]);

/** These end running tasks and the engine with them, whatever a probe says. */
const FATAL: ReadonlySet<FailureReason> = new Set(['driver_reset', 'ecc_error']);

/**
 * Memory, driver and ECC are told apart, and memory that ran out from memory that was never there; then the adapter's own
 * word counts, then its code.
 */
export function reasonOf(error: EngineError): FailureReason {
  if (error.reason === 'no_vram' || error.reason === 'no_ram') return 'too_little_memory';
  if (error.code === 'out-of-memory' && error.memory === 'vram') return 'vram_exhausted';
  if (error.code === 'out-of-memory' && error.memory === 'host') return 'host_memory_exhausted';
  for (const word of [error.reason, error.code]) if (isReason(word)) return word;
  return 'other';
}

/** A retry cannot mend it. */
export function isPermanent(error: EngineError): boolean {
  return PERMANENT.has(reasonOf(error));
}

/** The device under the engine failed: nothing that runs on it can be trusted. */
export function isFatal(error: EngineError): boolean {
  return FATAL.has(reasonOf(error));
}

/** What an adapter threw, as an engine error. */
export function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new EngineError('internal', `the engine adapter failed: ${message}`, {
    reason: 'adapter_threw',
    cause: error,
  });
}

function isReason(word: string | undefined): word is FailureReason {
  return word !== undefined && KNOWN.has(word);
}
