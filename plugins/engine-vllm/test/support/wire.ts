// hand-written
import { type EngineWire, type WireReply, type WireRequest } from '@llama-orch/plugin-sdk/conformance';

const CONTEXT = 4_096;
const TEXT_HEAD = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'wire-model' };
const CHAT_HEAD = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'wire-model' };
const NEW_NAMES = `# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 2.0
vllm:num_requests_waiting{engine="0",model_name="m"} 7.0
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.25
vllm:kv_cache_usage_perc{engine="1",model_name="m"} 0.75
vllm:prompt_tokens_total{engine="0",model_name="m"} 1.25e+06
vllm:generation_tokens_total{engine="0",model_name="m"} 40960.0
`;
const OLD_NAMES = `vllm:num_requests_running{model_name="m"} 1.0
vllm:gpu_cache_usage_perc{model_name="m"} 0.5
vllm:prompt_tokens_total{model_name="m"} 10.0
`;

/** What vLLM sends on its text route. */
export const textWire: EngineWire = {
  ...shared(),
  route: 'POST /v1/completions',
  token: (text) => frame({ ...TEXT_HEAD, choices: [{ index: 0, text, logprobs: null, finish_reason: null }] }),
  end: ({ finish, usage }) => [
    frame({
      ...TEXT_HEAD,
      choices: [{ index: 0, text: '', logprobs: null, finish_reason: finish, stop_reason: null }],
    }),
    ...(usage === undefined ? [] : [frame({ ...TEXT_HEAD, choices: [], usage: usageOf(usage) })]),
  ],
};

/** The same on the chat route, whose first chunk names the role. */
export const chatWire: EngineWire = {
  ...shared(),
  route: 'POST /v1/chat/completions',
  prompt: { type: 'chat', messages: [{ role: 'user', content: 'hello' }] },
  token: (content) => frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
  end: ({ finish, usage }) => [
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: {}, finish_reason: finish, stop_reason: null }] }),
    ...(usage === undefined ? [] : [frame({ ...CHAT_HEAD, choices: [], usage: usageOf(usage) })]),
  ],
  silent: [
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] }),
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: { content: null }, finish_reason: null }], usage: null }),
  ],
};

function shared() {
  return {
    contextTokens: CONTEXT,
    reply: (request: WireRequest) => replyOf(request),
    trailer: 'data: [DONE]\n\n',
    error: (message: string) => frame({ error: failure(500, message) }),
    oldError: (message: string) => frame({ object: 'error', ...failure(500, message) }),
    finishes: { stop: 'stop', length: 'length', content_filter: 'stop', tool_calls: 'stop' } as const,
    tellsCached: true,
    tooLong: (promptTokens: number, contextTokens: number) => ({
      status: 400,
      body: {
        error: failure(
          400,
          `This model's maximum context length is ${contextTokens} tokens. However, you requested 64 output tokens and your prompt contains ${promptTokens} input tokens, for a total of ${promptTokens + 64} tokens.`,
        ),
      },
    }),
    modelMissing: { status: 404, body: { error: failure(404, 'The model `wire-model` does not exist.') } },
    states: {
      sleeping: (request: WireRequest) =>
        request.path === '/is_sleeping' ? { body: { is_sleeping: true } } : replyOf(request),
      otherModel: (request: WireRequest) =>
        request.path === '/v1/models' ? { body: models('wire-model', 'acme/another') } : replyOf(request),
    },
    limits: { first_byte_timeout_ms: 250, idle_timeout_ms: 250 },
    key: (variable: string) => ({ api_key_env: variable }),
    metrics: {
      route: 'GET /metrics',
      url: (origin: string) => ({ metrics_url: `${origin}/metrics` }),
      samples: [
        {
          name: 'names of today, two ranks',
          text: NEW_NAMES,
          gauges: { running: 5, waiting: 7, kvShare: 0.75, promptTokens: 1_250_000, generatedTokens: 40_960 },
        },
        { name: 'names before 0.9', text: OLD_NAMES, gauges: { running: 1, kvShare: 0.5, promptTokens: 10 } },
      ],
    },
  };
}

function replyOf({ method, path }: WireRequest): WireReply | undefined {
  const replies: Readonly<Record<string, WireReply>> = {
    'GET /health': { body: '' },
    'GET /version': { body: { version: '0.12.0' } },
    'GET /v1/models': { body: models('wire-model', 'acme/wire-model') },
    'POST /tokenize': { body: { count: 3, max_model_len: CONTEXT, tokens: [1, 2, 3] } },
  };
  return replies[`${method} ${path}`];
}

function models(id: string, root: string): object {
  return { object: 'list', data: [{ id, object: 'model', owned_by: 'vllm', root, max_model_len: CONTEXT }] };
}

function usageOf(usage: { promptTokens: number; completionTokens: number; cachedTokens?: number }): object {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    ...(cachedTokens === undefined ? {} : { prompt_tokens_details: { cached_tokens: cachedTokens } }),
  };
}

function failure(code: number, message: string): object {
  const type = code === 500 ? 'InternalServerError' : code === 404 ? 'NotFoundError' : 'BadRequestError';
  return { message, type, param: null, code };
}

function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
