import { dataFrame } from './chunks.js';
import {
  type Call,
  type EngineState,
  type EngineWire,
  type FakeEngine,
  type FakeEngineOptions,
} from './fake-engine.js';
import { startFakeEngine } from './fake-engine.js';
import { send, sendJson } from './http.js';
import { answerOpenAi, idsOf, type Server } from './openai-routes.js';

export interface FakeVllmOptions extends FakeEngineOptions {
  /** Errors in the flat form of older servers. */
  readonly flatErrors?: boolean;
  /** `old`: the names of the series before 0.9. */
  readonly metricNames?: 'new' | 'old';
  /** Whether it tells that it sleeps, as servers in development mode do. */
  readonly sleepRoutes?: boolean;
}

const BLOCK_TOKENS = 16;
const CACHED_PROMPTS = 32;
const TYPES: Readonly<Record<number, string>> = {
  400: 'BadRequestError',
  401: 'Unauthorized',
  404: 'NotFoundError',
  500: 'InternalServerError',
};

/** Starts a server that speaks vLLM's wire. While it loads, its port is bound and silent. */
export async function startFakeVllm(options: FakeVllmOptions = {}): Promise<FakeEngine> {
  const { flatErrors = false, metricNames = 'new', sleepRoutes = false, ...rest } = options;
  const server = vllmServer(flatErrors);
  let awake = false;
  const wire: EngineWire = {
    defaults: { version: '0.12.0' },
    answer(call, engine) {
      if (!engine.isSleeping) awake = false;
      const isSleeping = engine.isSleeping && !awake;
      const routes: Readonly<Record<string, () => void>> = {
        'GET /health': () => send(call.response, 200, ''),
        'GET /version': () => sendJson(call.response, 200, { version: engine.settings.version }),
        'POST /tokenize': () => tokenize(call, engine, server),
        ...(sleepRoutes ? { 'GET /is_sleeping': () => sendJson(call.response, 200, { is_sleeping: isSleeping }) } : {}),
        ...(sleepRoutes ? { 'POST /wake_up': () => send(call.response, (awake = true) ? 200 : 500, '') } : {}),
        ...(engine.settings.metrics ? { 'GET /metrics': () => metrics(call, engine, metricNames) } : {}),
      };
      const route = routes[`${call.method} ${call.path}`];
      if (route !== undefined) return route();
      if (call.path === '/v1/models' && engine.isAuthorized(call)) return models(call, engine);
      if (isSleeping && call.path.endsWith('/completions')) return;
      if (!answerOpenAi(call, engine, server)) sendJson(call.response, 404, { detail: 'Not Found' });
    },
  };
  return startFakeEngine(wire, rest);
}

function vllmServer(flatErrors: boolean): Server {
  const failure = (status: number, message: string): object => {
    const facts = { message, type: TYPES[status], param: null, code: status };
    return flatErrors ? { object: 'error', ...facts } : { error: facts };
  };
  return {
    tellsStopReason: true,
    refuse: (call, status, message) => sendJson(call.response, status, failure(status, message)),
    refuseLong(call, promptTokens, maxTokens, contextTokens) {
      const total = promptTokens + maxTokens;
      if (total <= contextTokens) return false;
      const asked = `you requested ${maxTokens} output tokens and your prompt contains ${promptTokens} input tokens`;
      const message = `This model's maximum context length is ${contextTokens} tokens. However, ${asked}, for a total of ${total} tokens. Please reduce the length of the input prompt or the number of requested output tokens.`;
      sendJson(call.response, 400, failure(400, message));
      return true;
    },
    cachedTokens: prefixCache(),
    streamError: (message) => `${dataFrame(failure(500, message))}data: [DONE]\n\n`,
  };
}

/** Whole blocks at the beginning of a prompt that an earlier one had too. */
function prefixCache(): (promptIds: readonly number[]) => number {
  const prompts: (readonly number[])[] = [];
  return (promptIds) => {
    const common = prompts.map((known) => commonTokens(known, promptIds));
    prompts.push(promptIds);
    if (prompts.length > CACHED_PROMPTS) prompts.shift();
    // The last token is always read, since something has to be decoded.
    const most = Math.min(Math.max(0, ...common), promptIds.length - 1);
    return most - (most % BLOCK_TOKENS);
  };
}

function commonTokens(a: readonly number[], b: readonly number[]): number {
  const differing = a.findIndex((id, at) => id !== b[at]);
  return differing === -1 ? Math.min(a.length, b.length) : differing;
}

function models(call: Call, { settings }: EngineState): void {
  const model = {
    id: settings.model,
    object: 'model',
    created: 1_760_000_000,
    owned_by: 'vllm',
    root: `acme/${settings.model}`,
    parent: null,
    max_model_len: settings.contextTokens,
    permission: [{ id: 'modelperm-fa4e', object: 'model_permission', allow_sampling: true }],
  };
  sendJson(call.response, 200, { object: 'list', data: [model] });
}

function tokenize(call: Call, { settings }: EngineState, server: Server): void {
  const { body } = call;
  if (body?.model !== undefined && body.model !== settings.model) {
    return server.refuse(call, 404, `The model \`${JSON.stringify(body.model)}\` does not exist.`);
  }
  const tokens = body === undefined ? undefined : idsOf(body);
  if (tokens === undefined) return server.refuse(call, 400, 'prompt is required');
  const facts = { count: tokens.length, max_model_len: settings.contextTokens, tokens, token_strs: null };
  sendJson(call.response, 200, facts);
}

function metrics({ response }: Call, { settings, decoder }: EngineState, names: 'new' | 'old'): void {
  const labels = `{engine="0",model_name="${settings.model}"}`;
  const kv = names === 'new' ? 'kv_cache_usage_perc' : 'gpu_cache_usage_perc';
  const lines = [
    '# HELP vllm:num_requests_running Number of requests in model execution batches.',
    '# TYPE vllm:num_requests_running gauge',
    `vllm:num_requests_running${labels} ${decoder.busySlots}.0`,
    `vllm:num_requests_waiting${labels} ${decoder.deferred}.0`,
    `vllm:${kv}${labels} ${decoder.busySlots / settings.slots}`,
    `vllm:prompt_tokens_total${labels} ${decoder.prompted}.0`,
    `vllm:generation_tokens_total${labels} ${decoder.decoded}.0`,
  ];
  send(response, 200, `${lines.join('\n')}\n`, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
}
