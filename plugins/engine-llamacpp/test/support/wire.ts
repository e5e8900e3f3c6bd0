import { type EngineWire, readRecordings, type WireEnd, type WireReply } from '@llama-orch/plugin-sdk/conformance';

const CONTEXT = 512;
const PROPS = {
  default_generation_settings: { params: { seed: 4_294_967_295 }, n_ctx: CONTEXT },
  total_slots: 4,
  model_ftype: 'F16',
  model_path: '/srv/weights/tiny.gguf',
  endpoint_slots: true,
  build_info: 'b1-de3ff81',
  is_sleeping: false,
};
const IDLE_SLOTS = Array.from({ length: PROPS.total_slots }, (_, id) => ({ id, n_ctx: CONTEXT, is_processing: false }));

const METRICS = `# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed, excluding cached tokens
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 1200
llamacpp:prompt_tokens_cached_total 300
llamacpp:tokens_predicted_total 4096
llamacpp:requests_processing 3
llamacpp:requests_deferred 2
llamacpp:n_busy_slots_per_decode 2.5
`;

/** What llama-server sends on the routes that the adapter uses. */
export const llamaServerWire: EngineWire = {
  route: 'POST /completion',
  endpoint: { model: { ref: 'tiny', id: 'tiny' } },
  contextTokens: CONTEXT,
  reply: ({ method, path }) => replies()[`${method} ${path}`],
  token: (content, { at }) =>
    event({ index: 0, content, tokens: [300], stop: false, tokens_predicted: at + 1, tokens_evaluated: 11 }),
  end: (about) => [event(lastEvent(about))],
  error: (message) => event({ error: { code: 500, message, type: 'server_error' } }),
  oldError: (message) => `error: ${JSON.stringify({ code: 500, message, type: 'server_error' })}\n\n`,
  finishes: { eos: 'stop', word: 'stop', limit: 'length', none: 'stop' },
  tellsCached: true,
  silent: [
    event({ index: 0, content: '', tokens: [0], stop: false, prompt_progress: { total: 9, cache: 0, processed: 4 } }),
    event({ index: 0, content: '', tokens: [], stop: false }),
    ':\n\n',
  ],
  tooLong: (promptTokens, contextTokens) => ({
    status: 400,
    body: {
      error: {
        code: 400,
        message: `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens)`,
        type: 'exceed_context_size_error',
        n_prompt_tokens: promptTokens,
        n_ctx: contextTokens,
      },
    },
  }),
  states: {
    loading: () => ({
      status: 503,
      body: { error: { message: 'Loading model', type: 'unavailable_error', code: 503 } },
    }),
    sleeping: ({ path }) => (path === '/props' ? { body: { ...PROPS, is_sleeping: true } } : undefined),
    otherModel: ({ path }) => (path === '/v1/models' ? { body: models('tiny.gguf', 7_000_000) } : undefined),
  },
  limits: { first_byte_timeout_ms: 250, idle_timeout_ms: 250 },
  key: (variable) => ({ api_key_env: variable }),
  metrics: {
    route: 'GET /metrics',
    samples: [
      {
        name: 'names of today',
        text: METRICS,
        gauges: { running: 3, waiting: 2, kvShare: 0, promptTokens: 1_200, generatedTokens: 4_096 },
      },
      {
        name: 'names before the split of the KV cache',
        text: 'llamacpp:kv_cache_usage_ratio 0.5\nllamacpp:kv_cache_tokens 256\nllamacpp:requests_processing 1\n',
        gauges: { running: 1, kvShare: 0.5 },
      },
    ],
  },
  recordings: readRecordings(new URL('../recordings/', import.meta.url)),
};

function replies(): Readonly<Record<string, WireReply>> {
  return {
    'GET /health': { body: { status: 'ok' } },
    'GET /props': { body: PROPS },
    'GET /v1/models': { body: models('tiny.gguf', 943_680) },
    'GET /slots': { body: IDLE_SLOTS },
    'POST /tokenize': { body: { tokens: [1, 2, 3] } },
    'POST /apply-template': { body: { prompt: '<|user|>lorch7f3a9c0end<|end|><|assistant|>' } },
  };
}

function models(id: string, n_params: number): object {
  return { object: 'list', data: [{ id, object: 'model', meta: { n_ctx: CONTEXT, n_params, size: 1_890_560 } }] };
}

/** Like the real one, it repeats prompt and settings. */
function lastEvent({ finish, usage }: WireEnd): object {
  return {
    index: 0,
    content: '',
    tokens: [],
    id_slot: 3,
    stop: true,
    model: 'tiny.gguf',
    generation_settings: { seed: 1, stop: [] },
    prompt: 'hello',
    stop_type: finish,
    stopping_word: '',
    ...(usage && { tokens_predicted: usage.completionTokens, tokens_evaluated: usage.promptTokens }),
    timings: {
      ...(usage?.cachedTokens !== undefined && { cache_n: usage.cachedTokens }),
      ...{ prompt_n: 1, prompt_ms: 0.154, predicted_n: 4, predicted_ms: 0.384 },
    },
  };
}

function event(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}
