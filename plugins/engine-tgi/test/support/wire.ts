import { type EngineWire, type WireEnd, type WireReply, type WireRequest } from '@llama-orch/plugin-sdk/conformance';

const CONTEXT = 512;
const INFO = {
  model_id: 'acme/tiny',
  model_sha: 'e985a63cdc139290c5f700ff1929f0b5942cced2',
  model_pipeline_tag: 'text-generation',
  max_concurrent_requests: 128,
  max_best_of: 2,
  max_stop_sequences: 4,
  max_input_tokens: 500,
  max_total_tokens: CONTEXT,
  validation_workers: 2,
  max_client_batch_size: 4,
  router: 'text-generation-router',
  version: '3.3.6-dev0',
  sha: null,
  docker_label: null,
};
const TOKENS = [
  { id: 1, text: '', start: 0, stop: 0 },
  { id: 22172, text: 'hello', start: 0, stop: 5 },
];
const METRICS = `# HELP tgi_queue_size Current queue size
# TYPE tgi_queue_size gauge
tgi_queue_size 3
# TYPE tgi_batch_current_size gauge
tgi_batch_current_size 2
tgi_batch_current_max_tokens 1.2e3
# TYPE tgi_request_input_length histogram
tgi_request_input_length_bucket{le="1.0"} 0
tgi_request_input_length_sum 1234
tgi_request_input_length_count 17
tgi_request_generated_tokens_sum 5.6e2
tgi_request_generated_tokens_count 16
`;

/** What Text Generation Inference sends on the routes that the adapter uses; written by hand. */
export const tgiWire: EngineWire = {
  route: 'POST /generate_stream',
  contextTokens: CONTEXT,
  reply: ({ method, path }) => replies[`${method} ${path}`],
  token: (text, { at }) => event({ ...tokenOf(text, at), generated_text: null, details: null }),
  end: (about) => [event(lastEvent(about))],
  error: (error) => event({ error, error_type: 'generation' }),
  finishes: { eos_token: 'stop', stop_sequence: 'stop', length: 'length' },
  special: (text) => event({ index: 9, token: { id: 2, text, logprob: -0.1, special: true }, generated_text: null }),
  silent: [event({ ...tokenOf('', 0), generated_text: null, details: null }), ':\n\n'],
  tooLong: (promptTokens, contextTokens) => ({
    status: 422,
    body: {
      error: `Input validation error: \`inputs\` tokens + \`max_new_tokens\` must be <= ${contextTokens}. Given: ${promptTokens} \`inputs\` tokens and 64 \`max_new_tokens\``,
      error_type: 'validation',
    },
  }),
  states: {
    dead: ({ path }) =>
      path === '/health' ? { status: 503, body: { error: 'unhealthy', error_type: 'healthcheck' } } : undefined,
    otherModel: ({ path }) => (path === '/info' ? { body: { ...INFO, model_sha: 'another' } } : undefined),
  },
  limits: { first_byte_timeout_ms: 250, idle_timeout_ms: 250 },
  key: (variable) => ({ api_key_env: variable }),
  metrics: {
    route: 'GET /metrics',
    samples: [
      {
        name: 'a busy server',
        text: METRICS,
        gauges: { running: 2, waiting: 3, promptTokens: 1_234, generatedTokens: 560 },
      },
      { name: 'a server that was never asked', text: 'tgi_queue_size 0\n', gauges: { waiting: 0 } },
    ],
  },
};

const replies: Readonly<Record<string, WireReply>> = {
  'GET /health': { body: '' },
  'GET /info': { body: INFO },
  'GET /metrics': { body: 'tgi_batch_current_size 0\ntgi_queue_size 0\n' },
  'POST /tokenize': { body: TOKENS },
  'POST /chat_tokenize': { body: { tokenize_response: TOKENS.slice(1), templated_text: '<|user|>hello<|end|>' } },
} satisfies Readonly<Record<`${string} ${WireRequest['path']}`, WireReply>>;

function tokenOf(text: string, at: number): object {
  return { index: at + 1, token: { id: 264 + at, text, logprob: -0.25, special: false } };
}

/** The event of the last token, which here is the end of the text. */
function lastEvent({ finish, text, tokens, usage }: WireEnd): object {
  const counts = usage && { generated_tokens: usage.completionTokens, input_length: usage.promptTokens };
  return {
    index: tokens + 1,
    token: { id: 2, text: '</s>', logprob: -0.1, special: true },
    generated_text: text,
    details: { finish_reason: finish, ...counts, seed: null },
  };
}

function event(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}
