import { type EngineWire, type WireEnd, type WireReply, type WireRequest } from '@llama-orch/plugin-sdk/conformance';
import { CONFIGS, type ModelKind, NAMES } from '../../../../test/support/fake-engines/triton-models.js';

const MODEL = 'wire-model';
const PATH = `/v2/models/${MODEL}`;
const CONTEXT = 512;
const SERVER = { name: 'triton', version: '2.73.0', extensions: ['model_repository', 'statistics', 'generate'] };
const TRTLLM_METRICS = `# TYPE nv_trt_llm_request_metrics gauge
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="waiting",version="1"} 3
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="scheduled",version="1"} 2
nv_trt_llm_request_metrics{model="tensorrt_llm",request_type="max",version="1"} 512
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",model="tensorrt_llm",version="1"} 2.5e-1
nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="tokens_per",model="tensorrt_llm",version="1"} 64
nv_inference_pending_request_count{model="${MODEL}",version="1"} 9
`;
const VLLM_METRICS = `vllm:prompt_tokens_total{model="${MODEL}",version="1"} 120
vllm:generation_tokens_total{model="${MODEL}",version="1"} 34
vllm:generation_tokens_total{model="another",version="1"} 999
nv_inference_pending_request_count{model="${MODEL}",version="1"} 1
nv_inference_pending_request_count{model="another",version="1"} 7
`;

/** What Triton sends for a model of the given kind on the routes that the adapter uses; written by hand. */
export function tritonWire(kind: ModelKind): EngineWire {
  const { outputs } = NAMES[kind];
  const tellsFinish = outputs.includes('finish_reason');
  const tellsCounts = tellsFinish && outputs.includes('num_output_tokens');
  const replies = repliesOf(kind);
  const frame = (text: string, more: object = {}): string =>
    event({ model_name: MODEL, model_version: '1', text_output: text, ...more });
  const unfinished = tellsFinish ? { finish_reason: 'None' } : {};
  return {
    route: `POST ${PATH}/generate_stream`,
    endpoint: { contextTokens: CONTEXT },
    contextTokens: CONTEXT,
    reply: ({ method, path }) => replies[`${method} ${path}`],
    token: (text) => frame(text, unfinished),
    end: (about) => (tellsFinish ? [lastFrame(frame, about, kind)] : []),
    error: (error) => event({ error }),
    finishes: tellsFinish ? { stop: 'stop', length: 'length' } : {},
    usage: tellsCounts ? 'told' : 'none',
    silent: [frame('', unfinished), ':\n\n'],
    ...(kind === 'trtllm-old' && { echo: (prompt: string) => frame(prompt) }),
    // Both depends on the release and on the settings of the model.
    ...(kind !== 'vllm' && { cumulative: (whole: string) => frame(whole, unfinished) }),
    tooLong: (promptTokens, contextTokens) => ({
      status: 500,
      headers: { 'content-type': 'text/event-stream; charset=utf-8' },
      body: event({ error: `Prompt length (${promptTokens}) exceeds maximum input length (${contextTokens}).` }),
    }),
    modelMissing: { status: 404, body: { error: `Request for unknown model: '${MODEL}' is not found` } },
    states: {
      loading: ({ method, path }) => stateReply(`${method} ${path}`, 'LOADING'),
      dead: () => ({ status: 503, body: '' }),
      otherModel: ({ method, path }) =>
        method === 'GET' && path === PATH
          ? { body: { ...(replies[`GET ${PATH}`]?.body as object), versions: ['2'] } }
          : undefined,
    },
    limits: { first_byte_timeout_ms: 250, idle_timeout_ms: 250 },
    key: (variable) => ({ api_key_env: variable }),
    metrics: {
      route: 'GET /metrics',
      url: (origin) => ({ metrics_url: origin }),
      samples: [
        { name: 'TensorRT-LLM', text: TRTLLM_METRICS, gauges: { running: 2, waiting: 3, kvShare: 0.25 } },
        { name: 'vLLM', text: VLLM_METRICS, gauges: { waiting: 1, promptTokens: 120, generatedTokens: 34 } },
      ],
    },
  };
}

function repliesOf(kind: ModelKind): Readonly<Record<string, WireReply>> {
  const { inputs, outputs } = NAMES[kind];
  const { platform } = CONFIGS[kind];
  const tensor = (name: string): object => ({ name, datatype: 'BYTES', shape: [-1] });
  const metadata = { name: MODEL, versions: ['1'], platform, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
  return {
    'GET /v2/health/live': { body: '' },
    'GET /v2': { body: SERVER },
    [`GET ${PATH}/ready`]: { body: '' },
    [`GET ${PATH}`]: { body: metadata },
    [`GET ${PATH}/config`]: { body: { ...CONFIGS[kind], name: MODEL, instance_group: [{ count: 1 }] } },
    'POST /v2/repository/index': { body: [{ name: MODEL, version: '1', state: 'READY' }] },
    'GET /metrics': { body: '' },
  } satisfies Readonly<Record<`${string} ${WireRequest['path']}`, WireReply>>;
}

function stateReply(route: string, state: string): WireReply | undefined {
  if (route === `GET ${PATH}/ready`) return { status: 400, body: { error: 'Model version not ready' } };
  return route === 'POST /v2/repository/index' ? { body: [{ name: MODEL, version: '1', state }] } : undefined;
}

/** Models that tell the reason tell it with the last text, which here is empty. */
function lastFrame(frame: (text: string, more: object) => string, { finish, usage }: WireEnd, kind: ModelKind): string {
  const counts = usage && { num_input_tokens: usage.promptTokens, num_output_tokens: usage.completionTokens };
  return frame('', { finish_reason: finish, ...(kind === 'vllm' ? counts : {}) });
}

function event(payload: object): string {
  return `data: ${JSON.stringify(payload)}\n\n`;
}
