import { EngineError, type EngineGauges, z } from '@llama-orch/plugin-sdk';
import {
  answered,
  type HttpReply,
  type MetricsRoute,
  readErrorBody,
  refusalError,
  type Upstream,
} from '@llama-orch/plugin-sdk/http';
import { refusal } from './errors.js';
import { otherEngine, readFacts, type ServerFacts, type Wanted } from './facts.js';
import { gaugesOf } from './metrics.js';

/** Where a model of the repository is in its life. */
export type ModelState = 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE' | 'UNKNOWN' | 'absent';

const PROBE_TIMEOUT_MS = 1_000;
const indexSchema = z.array(z.object({ name: z.string(), state: z.string().default('') }));
const STATES: ReadonlySet<string> = new Set(['READY', 'LOADING', 'UNLOADING', 'UNAVAILABLE']);
const MOST_NAMES = 8;

/** The routes of one Triton server for one model, but for the stream. Every method throws EngineError alone. */
export class TritonServer {
  /** Path of the model, with its version where one is pinned. */
  readonly path: string;

  constructor(
    private readonly upstream: Upstream,
    private readonly metrics: MetricsRoute | undefined,
    readonly model: string,
    version: string | undefined,
  ) {
    const path = `/v2/models/${encodeURIComponent(model)}`;
    this.path = version === undefined ? path : `${path}/versions/${version}`;
  }

  /** @throws EngineError when nothing answers */
  async reach(signal: AbortSignal): Promise<void> {
    await this.#get('/v2/health/live', signal);
  }

  /** @throws EngineError when the server refuses the key */
  async isReady(signal: AbortSignal): Promise<boolean> {
    const reply = await this.#get(`${this.path}/ready`, signal);
    if (reply.status === 401 || reply.status === 403) throw refusal(reply);
    return reply.status === 200;
  }

  /** @throws EngineError when the server is no Triton or its model cannot be used */
  async facts(wanted: Wanted, signal: AbortSignal): Promise<ServerFacts> {
    const [server, model, config] = await Promise.all([
      this.#get('/v2', signal),
      this.#get(this.path, signal),
      this.#get(`${this.path}/config`, signal),
    ]);
    refuseOthers(server);
    if (model.status !== 200) throw this.#missing(model);
    return readFacts({ server: contentOf(server), model: contentOf(model), config: contentOf(config) }, wanted);
  }

  /** @throws EngineError when the server is no Triton */
  async state(signal: AbortSignal): Promise<{ readonly state: ModelState; readonly others: readonly string[] }> {
    const options = { timeoutMs: PROBE_TIMEOUT_MS, signal, retries: 1 } as const;
    const reply = await answered(this.upstream.postJson('/v2/repository/index', {}, options));
    if (reply.status >= 500) throw refusalError(reply, readErrorBody(reply.text));
    const models = indexSchema.safeParse(contentOf(reply)).data;
    if (models === undefined) {
      // The repository may be closed to us; whether the model is ready is then all that it tells.
      refuseOthers(await this.#get('/v2', signal));
      return { state: 'UNKNOWN', others: [] };
    }
    const found = models.find(({ name }) => name === this.model);
    const others = [...new Set(models.map(({ name }) => name))].slice(0, MOST_NAMES);
    if (found === undefined) return { state: 'absent', others };
    return { state: STATES.has(found.state) ? (found.state as ModelState) : 'UNAVAILABLE', others };
  }

  /** Settles when the model is loaded. @throws EngineError when it cannot be */
  async load(timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#control('load', timeoutMs, signal);
  }

  /** Settles when the server has taken the order. @throws EngineError when it has not */
  async unload(timeoutMs: number): Promise<void> {
    await this.#control('unload', timeoutMs);
  }

  /** `{}` where the server tells none. */
  async gauges(signal: AbortSignal, timeoutMs: number): Promise<EngineGauges> {
    const metrics = await this.metrics?.read(signal, timeoutMs);
    return metrics === undefined ? {} : gaugesOf(metrics, this.model);
  }

  async #control(order: 'load' | 'unload', timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const path = `/v2/repository/models/${encodeURIComponent(this.model)}/${order}`;
    const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    const reply = await answered(this.upstream.postJson(path, {}, options));
    if (reply.status === 200) return;
    const { message } = readErrorBody(reply.text);
    if (/not allowed/i.test(message)) {
      const said = `The Triton server does not ${order} models on request; start it with --model-control-mode=explicit, or leave the option load out.`;
      throw new EngineError('unavailable', said, { reason: 'not_supported', cause: message });
    }
    if (reply.status === 401 || reply.status === 403) throw refusal(reply);
    const said = `The Triton server could not ${order} the model ${this.model}; see its log.`;
    throw new EngineError('unavailable', said, { reason: 'model_unusable', cause: message });
  }

  #missing(reply: HttpReply): EngineError {
    if (reply.status === 401 || reply.status === 403 || reply.status >= 500) return refusal(reply);
    return modelMissing(this.model, []);
  }

  /** The second attempt is for a kept connection that the server was just closing. */
  async #get(path: string, signal: AbortSignal): Promise<HttpReply> {
    return answered(this.upstream.getJson(path, { timeoutMs: PROBE_TIMEOUT_MS, signal, retries: 1 }));
  }
}

export function modelMissing(model: string, others: readonly string[]): EngineError {
  const known = others.length === 0 ? '' : ` It has ${others.join(', ')}.`;
  const message = `The Triton server has no model ${model}.${known} Correct the model of the pool or the option model_name.`;
  return new EngineError('unavailable', message, { reason: 'model_missing' });
}

/** @throws EngineError when the reply to `/v2` is none of a Triton server */
function refuseOthers(server: HttpReply): void {
  if ([200, 404, 405].includes(server.status)) {
    if (contentOf(server) === undefined) throw otherEngine();
    return;
  }
  throw refusal(server);
}

/** Undefined for anything but a good reply with JSON. */
function contentOf(reply: HttpReply): unknown {
  if (reply.status !== 200) return undefined;
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}
