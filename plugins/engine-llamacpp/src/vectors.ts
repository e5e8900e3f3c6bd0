import {
  type EmbedRequest,
  type EmbedResult,
  type EngineError,
  isEngineError,
  type RerankRequest,
  type RerankResult,
  type Workload,
} from '@llama-orch/plugin-sdk';
import { type CallOptions, OpenAiServer, type Upstream } from '@llama-orch/plugin-sdk/http';
import { inputRefusal, workloadMissing } from './errors.js';

const PROBE = { taskId: 'probe', inputs: ['a'] };

/** Embedding and rerank, on the routes whose shapes other servers share. Every method throws EngineError alone. */
export class Vectors {
  readonly #openAi: OpenAiServer;

  constructor(
    upstream: Upstream,
    model: string,
    private readonly timeoutMs: number,
  ) {
    this.#openAi = new OpenAiServer(upstream, '/v1', model);
  }

  async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    return refused(this.#openAi.embed(request, this.#options(signal)));
  }

  async rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    return refused(this.#openAi.rerank(request, this.#options(signal)));
  }

  /**
   * Tries what is to be offered with one word: the server does not tell what it was started for.
   * @throws EngineError `workload_missing`
   */
  async demand(workloads: readonly Workload[], signal: AbortSignal): Promise<void> {
    const missing = (workload: Workload) => (error: unknown) => {
      throw isEngineError(error) && error.reason === 'not_supported' ? workloadMissing(workload, error) : error;
    };
    if (workloads.includes('embedding')) await this.embed(PROBE, signal).catch(missing('embedding'));
    if (workloads.includes('rerank')) await this.rerank({ ...PROBE, query: 'a' }, signal).catch(missing('rerank'));
  }

  #options(signal: AbortSignal): CallOptions {
    return { timeoutMs: this.timeoutMs, signal, retries: 1 };
  }
}

async function refused<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw isEngineError(error) ? inputRefusal(error) : (error as EngineError);
  }
}
