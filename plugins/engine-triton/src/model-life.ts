import { EngineError, type EngineHealth, isEngineError } from '@llama-orch/plugin-sdk';
import { failedHealth } from '@llama-orch/plugin-sdk/http';
import { modelMissing, type ModelState, type TritonServer } from './triton-server.js';

const UNLOAD_TIMEOUT_MS = 5_000;
const LOADING: EngineHealth = { state: 'loading', reason: 'loading' };

/** From a model in a repository to one that answers, and back. */
export class ModelLife {
  #loading: Promise<void> | undefined;
  #failure: EngineError | undefined;
  #isOurs = false;

  constructor(private readonly server: TritonServer) {}

  /** Loads the model unless it is ready; goes on after this returned, and `health` tells how. */
  async begin(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (await this.server.isReady(signal)) return;
    this.#isOurs = true;
    this.#loading = this.server
      .load(timeoutMs, signal)
      .catch((error: unknown) => void (this.#failure = asEngineError(error)))
      .finally(() => (this.#loading = undefined));
  }

  async health(signal: AbortSignal): Promise<EngineHealth> {
    if (this.#loading !== undefined) return LOADING;
    if (this.#failure !== undefined) return failedHealth(this.#failure);
    try {
      if (await this.server.isReady(signal)) return { state: 'ready' };
      const { state, others } = await this.server.state(signal);
      if (state === 'LOADING') return LOADING;
      return failedHealth(this.#notReady(state, others));
    } catch (error) {
      return failedHealth(asEngineError(error));
    }
  }

  /** Unloads what `begin` loaded. Best effort: the server may be gone. */
  async end(): Promise<void> {
    if (!this.#isOurs) return;
    this.#isOurs = false;
    await this.server.unload(UNLOAD_TIMEOUT_MS).catch(() => undefined);
  }

  #notReady(state: ModelState, others: readonly string[]): EngineError {
    const { model } = this.server;
    if (state === 'absent') return modelMissing(model, others);
    const said = `The Triton server has the model ${model}, but it is not ready; load it, or see the log of the server.`;
    return new EngineError('unavailable', said, { reason: 'model_not_ready' });
  }
}

function asEngineError(error: unknown): EngineError {
  if (isEngineError(error)) return error;
  return new EngineError('adapter', 'The adapter failed to ask the engine.', { reason: 'bug', cause: error });
}
