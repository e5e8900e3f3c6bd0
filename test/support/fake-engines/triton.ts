import { chunk, dataFrame } from './chunks.js';
import { type RunView, type StopType, type StreamWire } from './decoder.js';
import {
  type Call,
  type EngineState,
  type EngineWire,
  type FakeEngine,
  type FakeEngineOptions,
} from './fake-engine.js';
import { startFakeEngine } from './fake-engine.js';
import { type Body, send, sendJson } from './http.js';
import { promptIds } from './model.js';
import { CONFIGS, type ModelKind, NAMES } from './triton-models.js';

export interface FakeTritonOptions extends FakeEngineOptions {
  /** What serves the model. Default `trtllm-ensemble`. */
  readonly kind?: ModelKind;
  /** `explicit`: the model is loaded by a request. Default `none`: it is there from the start, or never. */
  readonly control?: 'none' | 'explicit';
  /** Whether the model is there at the start. Default: unless the control is explicit. */
  readonly isLoaded?: boolean;
  /** Milliseconds that a load takes. Default 0. */
  readonly loadMs?: number;
  /** Copies of the model, and whether requests are batched, as its configuration tells. */
  readonly instances?: number;
  readonly isBatched?: boolean;
}

type State = 'READY' | 'LOADING' | 'UNAVAILABLE';
type Handler = () => void;

const STREAM = { 'Content-Type': 'text/event-stream; charset=utf-8' };
const FINISHES: Readonly<Record<StopType, string>> = { eos: 'stop', limit: 'length', word: 'stop' };
const EXTENSIONS = ['model_repository', 'model_configuration', 'statistics', 'generate'];

/** Starts a server that speaks Triton's wire. Its metrics are on the same port, under `/metrics`. */
export async function startFakeTriton(options: FakeTritonOptions = {}): Promise<FakeEngine> {
  const { kind = 'trtllm-ensemble', control = 'none', isLoaded = control === 'none', ...others } = options;
  const { loadMs = 0, instances = 1, isBatched = false, ...rest } = others;
  let state: State = isLoaded ? 'READY' : 'UNAVAILABLE';
  const settled = (call: Call, next: State): void => {
    state = next;
    if (!call.response.destroyed) send(call.response, 200, '');
  };
  const wire: EngineWire = {
    defaults: { version: '2.73.0' },
    answer(call, engine) {
      if (!engine.isAuthorized(call)) return refuse(call, 403, 'This API is restricted');
      const { model } = engine.settings;
      const path = `/v2/models/${model}`;
      const ofModel = (act: Handler): Handler => (state === 'READY' ? act : () => unknown(call, model));
      const config = { ...CONFIGS[kind], name: model, instance_group: [{ count: instances }] };
      const routes: Readonly<Record<string, Handler>> = {
        'GET /v2/health/live': () => send(call.response, 200, ''),
        'GET /v2/health/ready': () => send(call.response, 200, ''),
        'GET /v2': () =>
          sendJson(call.response, 200, { name: 'triton', version: engine.settings.version, extensions: EXTENSIONS }),
        [`GET ${path}/ready`]: () => (state === 'READY' ? send(call.response, 200, '') : notReady(call)),
        [`GET ${path}`]: ofModel(() => metadata(call, kind, model)),
        [`GET ${path}/config`]: ofModel(() =>
          sendJson(call.response, 200, isBatched ? { ...config, dynamic_batching: {} } : config),
        ),
        [`POST ${path}/generate_stream`]: ofModel(() => generate(call, engine, kind)),
        'POST /v2/repository/index': () => index(call, model, state),
        [`POST /v2/repository/models/${model}/load`]: () => {
          if (control === 'none')
            return refuse(call, 503, 'explicit model load / unload is not allowed if polling is enabled');
          state = 'LOADING';
          setTimeout(() => settled(call, 'READY'), loadMs).unref();
        },
        [`POST /v2/repository/models/${model}/unload`]: () => settled(call, 'UNAVAILABLE'),
        ...(engine.settings.metrics ? { 'GET /metrics': () => metrics(call, engine, kind) } : {}),
      };
      const isOther = call.path.startsWith('/v2/models/') && !call.path.startsWith(path);
      (
        routes[`${call.method} ${call.path}`] ??
        (() => (isOther ? unknown(call, 'other') : send(call.response, 404, '')))
      )();
    },
    whileLoading(call, { settings }) {
      if (call.path === '/v2/health/live') return send(call.response, 200, '');
      if (call.path === '/v2/repository/index') return index(call, settings.model, 'LOADING');
      notReady(call);
    },
  };
  return startFakeEngine(wire, rest);
}

function generate(call: Call, engine: EngineState, kind: ModelKind): void {
  const body = call.body ?? {};
  const names = NAMES[kind];
  const values = kind === 'vllm' ? (JSON.parse(textOf(body.sampling_parameters) || '{}') as Body) : body;
  const text = textOf(body.text_input);
  const ids = promptIds(text) ?? [];
  const { contextTokens, model } = engine.settings;
  if (ids.length >= contextTokens) return tooLong(call, kind, ids.length, contextTokens);
  const topK = Number(values[names.topK] ?? 0);
  engine.generate(call, {
    promptIds: ids,
    maxTokens: Number(values[names.maxTokens] ?? 16),
    temperature: topK === 1 ? 0 : Number(values[names.temperature] ?? 1),
    seed: Number(values[names.seed] ?? 0),
    stop: (values[names.stop] ?? []) as readonly string[],
    stream: answerStream({ kind, model, body, text }),
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** A failure before the first answer has a status, and is written as an event all the same. */
function tooLong(call: Call, kind: ModelKind, promptTokens: number, context: number): void {
  const error =
    kind === 'trtllm-ensemble' || kind === 'trtllm-old'
      ? `Executor failed process requestId 1 due to the following error: Prompt length (${promptTokens}) exceeds maximum input length (${context}).`
      : `Error generating stream: The decoder prompt (length ${promptTokens}) is longer than the maximum model length of ${context}.`;
  send(call.response, 500, dataFrame({ error }), STREAM);
}

interface Style {
  readonly kind: ModelKind;
  readonly model: string;
  readonly body: Body;
  /** The prompt. */
  readonly text: string;
}

/** An event for each token; the end of the connection is the end of the answer. */
function answerStream({ kind, model, body, text: prompt }: Style): StreamWire {
  let counted = 0;
  const frame = (run: RunView, text: string, finish = 'None'): string => {
    const tokens = run.predicted - counted;
    counted = run.predicted;
    return dataFrame({
      model_name: model,
      model_version: '1',
      text_output: text,
      ...(body.return_finish_reason === true && { finish_reason: finish }),
      ...(body.return_num_input_tokens === true && { num_input_tokens: run.promptIds.length }),
      ...(body.return_num_output_tokens === true && { num_output_tokens: tokens }),
    });
  };
  const isWhole = kind === 'trtllm-api';
  return {
    headers: STREAM,
    begin: (run) => (kind === 'trtllm-old' ? frame(run, prompt) : ''),
    token: (run, text) => chunk(frame(run, isWhole ? run.shown : text)),
    end(run, stopType, stopWord) {
      // TensorRT-LLM gives out the words that it stops at.
      const text = isWhole ? run.shown : kind === 'vllm' ? '' : stopWord;
      return text === '' && body.return_finish_reason !== true && counted === run.predicted
        ? []
        : [frame(run, text, FINISHES[stopType])];
    },
    error: (error = 'the engine failed', field) => `${field}: ${JSON.stringify({ error })}\n\n`,
  };
}

function metadata({ response }: Call, kind: ModelKind, name: string): void {
  const { inputs, outputs } = NAMES[kind];
  const { platform } = CONFIGS[kind];
  const tensor = (input: string): object => ({ name: input, datatype: 'BYTES', shape: [-1] });
  const told = { name, versions: ['1'], platform, inputs: inputs.map(tensor), outputs: outputs.map(tensor) };
  sendJson(response, 200, told);
}

function index({ response }: Call, name: string, state: State): void {
  const told =
    state === 'READY' || state === 'LOADING' ? { version: '1', state } : { version: '1', state, reason: 'unloaded' };
  sendJson(response, 200, [
    { name, ...told },
    { name: 'preprocessing', version: '1', state: 'READY' },
  ]);
}

function unknown(call: Call, model: string): void {
  refuse(call, 404, `Request for unknown model: '${model}' is not found`);
}

function notReady(call: Call): void {
  refuse(call, 400, 'Model version not ready');
}

function refuse({ response }: Call, status: number, error: string): void {
  sendJson(response, status, { error });
}

function metrics({ response }: Call, { settings, decoder }: EngineState, kind: ModelKind): void {
  const labels = `model="${kind === 'vllm' ? settings.model : 'tensorrt_llm'}",version="1"`;
  const trtllm = [
    `nv_trt_llm_request_metrics{${labels},request_type="scheduled"} ${decoder.busySlots}`,
    `nv_trt_llm_request_metrics{${labels},request_type="waiting"} ${decoder.deferred}`,
    `nv_trt_llm_kv_cache_block_metrics{kv_cache_block_type="fraction",${labels}} ${decoder.busySlots / settings.slots}`,
  ];
  const vllm = [
    `vllm:prompt_tokens_total{${labels}} ${decoder.prompted}`,
    `vllm:generation_tokens_total{${labels}} ${decoder.decoded}`,
  ];
  const lines = [
    ...(kind === 'vllm' ? vllm : trtllm),
    `nv_inference_pending_request_count{model="${settings.model}",version="1"} ${decoder.deferred}`,
  ];
  send(response, 200, `${lines.join('\n')}\n`, { 'Content-Type': 'text/plain; charset=utf-8' });
}
