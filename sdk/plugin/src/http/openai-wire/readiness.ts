import { type EngineHealth } from '../../contracts/engine.js';
import { EngineError, isEngineError } from '../../contracts/engine-error.js';

/** What a good probe found. */
export interface Found {
  readonly isSleeping: boolean;
}

/**
 * From probes to health. A server that is bound before its engine is up stays silent: until it was ready for the first
 * time and as long as loading may take, silence is loading, and afterwards it is failure.
 */
export class Readiness {
  readonly #startedAt = performance.now();
  #wasReady = false;

  constructor(private readonly loadTimeoutMs: number) {}

  /** @param probe throws EngineError when the engine is not well */
  async ask(probe: () => Promise<Found>): Promise<EngineHealth> {
    try {
      const { isSleeping } = await probe();
      this.#wasReady = true;
      return isSleeping ? { state: 'ready', reason: 'sleeping' } : { state: 'ready' };
    } catch (error) {
      if (!isEngineError(error)) throw error;
      return this.#isLoading(error) ? { state: 'loading', reason: 'loading' } : failedHealth(error);
    }
  }

  #isLoading({ code, reason }: EngineError): boolean {
    if (reason === 'loading') return true;
    const isSilent = code === 'timeout';
    return isSilent && !this.#wasReady && performance.now() - this.#startedAt < this.loadTimeoutMs;
  }
}

/** Why, in words for people; they hold no secret, since messages of engine errors hold none. */
export function failedHealth(error: EngineError): EngineHealth {
  return { state: 'failed', reason: error.message, error };
}

/** A probe that found the engine dead. */
export function unhealthy(status: number): EngineError {
  const message = `The engine answers, but says that it is not well (status ${status}); see its log.`;
  return new EngineError('unavailable', message, { reason: 'unhealthy' });
}
