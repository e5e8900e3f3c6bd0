// hand-written
import { readRecordings, type EngineWire, type WireReply, type WireRequest } from '@llama-orch/plugin-sdk/conformance';

const CONTEXT = 4_096;
const TEXT_HEAD = { id: 'cmpl-1', object: 'text_completion', created: 1, model: 'wire-model' };
const CHAT_HEAD = {
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'wire-model' },
  ...{ system_fingerprint: 'fp_1', obfuscation: 'x7' },
};
const SGLANG = `# TYPE sglang:num_running_reqs gauge
sglang:num_running_reqs{model_name="m",tp_rank="0"} 2.0
sglang:num_queue_reqs{model_name="m",tp_rank="0"} 1.0
sglang:token_usage{model_name="m",tp_rank="0"} 0.125
sglang:prompt_tokens_total{model_name="m"} 100.0
sglang:generation_tokens_total{model_name="m"} 50.0
`;
const LLAMA_SERVER = `llamacpp:requests_processing 1
llamacpp:requests_deferred 4
llamacpp:tokens_predicted_total 77
`;

/** What OpenAI and most others send on the chat route, behind a base path as clouds have one. */
export const chatWire: EngineWire = {
  ...shared(),
  route: 'POST /openai/v1/chat/completions',
  basePath: '/openai/v1',
  recordings: readRecordings(new URL('../recordings/chat/', import.meta.url)),
  prompt: { type: 'chat', messages: [{ role: 'user', content: 'hello' }] },
  token: (content) =>
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: { content }, finish_reason: null }], usage: null }),
  end: ({ finish, usage }) => [
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: {}, finish_reason: finish }], usage: null }),
    ...(usage === undefined ? [] : [frame({ ...CHAT_HEAD, choices: [], usage: usageOf(usage) })]),
  ],
  silent: [
    frame({ ...CHAT_HEAD, choices: [{ index: 0, delta: { role: 'assistant', content: '', refusal: null } }] }),
    frame({ ...CHAT_HEAD, choices: [], prompt_filter_results: [] }),
  ],
};

/** The text route of servers that put usage into the last chunk, as llama-server and Ollama do. */
export const textWire: EngineWire = {
  ...shared(),
  route: 'POST /v1/completions',
  recordings: readRecordings(new URL('../recordings/text/', import.meta.url)),
  token: (text) => frame({ ...TEXT_HEAD, choices: [{ index: 0, text, logprobs: null, finish_reason: null }] }),
  end: ({ finish, usage }) => {
    const told = usage === undefined ? {} : { usage: usageOf(usage) };
    return [frame({ ...TEXT_HEAD, choices: [{ index: 0, text: '', finish_reason: finish }], ...told })];
  },
};

function shared() {
  return {
    contextTokens: CONTEXT,
    reply: (request: WireRequest) => replyOf(request, 'acme'),
    trailer: 'data: [DONE]\n\n',
    error: (message: string) => frame({ error: { message, type: 'server_error', param: null, code: null } }),
    finishes: {
      ...({ stop: 'stop', length: 'length', content_filter: 'stop', tool_calls: 'stop' } as const),
      ...({ function_call: 'stop', stop_sequence: 'stop', eos_token: 'stop' } as const),
    },
    tellsCached: true,
    tooLong: (promptTokens: number, contextTokens: number) => ({
      status: 400,
      body: {
        error: {
          message: `This model's maximum context length is ${contextTokens} tokens. However, your messages resulted in ${promptTokens} tokens. Please reduce the length of the messages.`,
          type: 'invalid_request_error',
          param: 'messages',
          code: 'context_length_exceeded',
        },
      },
    }),
    modelMissing: {
      status: 404,
      body: {
        error: {
          message: 'The model `wire-model` does not exist or you do not have access to it.',
          type: 'invalid_request_error',
          param: null,
          code: 'model_not_found',
        },
      },
    },
    states: {
      loading: (request: WireRequest) =>
        request.path.endsWith('/models')
          ? { status: 503, body: { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } } }
          : undefined,
      otherModel: (request: WireRequest) => replyOf(request, 'another'),
    },
    limits: { first_byte_timeout_ms: 250, idle_timeout_ms: 250 },
    key: (variable: string) => ({ api_key_env: variable }),
    metrics: {
      route: 'GET /metrics',
      url: (origin: string) => ({ metrics_url: origin }),
      samples: [
        {
          name: 'SGLang',
          text: SGLANG,
          gauges: { running: 2, waiting: 1, kvShare: 0.125, promptTokens: 100, generatedTokens: 50 },
        },
        { name: 'llama-server', text: LLAMA_SERVER, gauges: { running: 1, waiting: 4, generatedTokens: 77 } },
      ],
    },
  };
}

function replyOf({ method, path }: WireRequest, owned_by: string): WireReply | undefined {
  if (method !== 'GET' || !path.endsWith('/v1/models')) return undefined;
  const model = { id: 'wire-model', object: 'model', created: 1, owned_by, context_length: CONTEXT };
  return { body: { object: 'list', data: [{ id: 'other', object: 'model' }, model] } };
}

function usageOf(usage: { promptTokens: number; completionTokens: number; cachedTokens?: number }): object {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens ?? 0, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
}

function frame(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
