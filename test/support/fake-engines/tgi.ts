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
import { detokenize, promptIds, tokenize } from './model.js';

export interface FakeTgiOptions extends FakeEngineOptions {
  /** Whether the model has a template for conversations. Default true. */
  readonly chat?: boolean;
  /** Whether the server counts tokens. Default true. */
  readonly tokenizer?: boolean;
}

type Refuse = (message: string, errorType: string) => void;

const STREAM = { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' };
const FINISHES: Readonly<Record<StopType, string>> = { eos: 'eos_token', limit: 'length', word: 'stop_sequence' };
const MOST_STOPS = 4;

/** Starts a server that speaks the wire of Text Generation Inference. */
export async function startFakeTgi(options: FakeTgiOptions = {}): Promise<FakeEngine> {
  const { chat = true, tokenizer = true, ...rest } = options;
  const wire: EngineWire = {
    defaults: { version: '3.3.6', model: 'acme/tiny' },
    answer(call, engine) {
      const open: Readonly<Record<string, () => void>> = {
        'GET /health': () => send(call.response, 200, ''),
        'GET /info': () => info(call, engine),
        ...(chat ? { 'POST /chat_tokenize': () => chatTokenize(call) } : {}),
        ...(engine.settings.metrics ? { 'GET /metrics': () => metrics(call, engine) } : {}),
      };
      const guarded: Readonly<Record<string, () => void>> = {
        'POST /generate_stream': () => generate(call, engine),
        ...(tokenizer ? { 'POST /tokenize': () => sendJson(call.response, 200, tokens(inputsOf(call), true)) } : {}),
      };
      const route = `${call.method} ${call.path}`;
      if (guarded[route] !== undefined && !engine.isAuthorized(call)) return send(call.response, 401, '');
      (open[route] ?? guarded[route] ?? (() => send(call.response, 404, '')))();
    },
  };
  return startFakeEngine(wire, rest);
}

function info({ response }: Call, { settings }: EngineState): void {
  sendJson(response, 200, {
    model_id: settings.model,
    model_sha: 'e985a63cdc139290c5f700ff1929f0b5942cced2',
    model_pipeline_tag: 'text-generation',
    max_concurrent_requests: settings.slots,
    max_best_of: 2,
    max_stop_sequences: MOST_STOPS,
    max_input_tokens: settings.contextTokens - 1,
    max_total_tokens: settings.contextTokens,
    validation_workers: 2,
    max_client_batch_size: 4,
    router: 'text-generation-router',
    version: settings.version,
    sha: null,
    docker_label: null,
  });
}

/** Every check runs inside the stream, so what fails is an event under the status 200. */
function generate(call: Call, engine: EngineState): void {
  const refuse: Refuse = (error, error_type) => send(call.response, 200, dataFrame({ error, error_type }), STREAM);
  const { decoder, settings } = engine;
  if (decoder.busySlots + decoder.deferred >= settings.slots) return refuse('Model is overloaded', 'overloaded');
  const parameters = (call.body?.parameters ?? {}) as Body;
  const inputs = inputsOf(call);
  const ids = promptIds(inputs) ?? [];
  const complaint = complaintOf(parameters, inputs, ids.length, settings.contextTokens);
  if (complaint !== undefined) return refuse(`Input validation error: ${complaint}`, 'validation');
  const { do_sample, temperature = 1, seed = 7, stop = [], max_new_tokens = 20 } = parameters;
  const details = parameters.details === true ? { seed: do_sample === true ? seed : null } : undefined;
  engine.generate(call, {
    promptIds: ids,
    maxTokens: Number(max_new_tokens),
    temperature: do_sample === true ? Number(temperature) : 0,
    seed: folded(Number(seed)),
    stop: stop as string[],
    stream: answerStream(details),
  });
}

function complaintOf(parameters: Body, inputs: string, promptTokens: number, context: number): string | undefined {
  const { temperature, top_k, top_p, stop = [], max_new_tokens = 20, frequency_penalty = 0 } = parameters;
  if (temperature !== undefined && !(Number(temperature) > 0)) return '`temperature` must be strictly positive';
  if (top_p !== undefined && !(Number(top_p) > 0 && Number(top_p) < 1)) return '`top_p` must be > 0.0 and < 1.0';
  if (top_k !== undefined && !(Number(top_k) > 0)) return '`top_k` must be strictly positive';
  if (Math.abs(Number(frequency_penalty)) > 2) return '`frequency_penalty` must be >= -2.0 and <= 2.0';
  if ((stop as string[]).length > MOST_STOPS) return `\`stop\` supports up to ${MOST_STOPS} stop sequences`;
  if (inputs === '') return '`inputs` cannot be empty';
  const total = promptTokens + Number(max_new_tokens);
  if (total > context) {
    return `\`inputs\` tokens + \`max_new_tokens\` must be <= ${context}. Given: ${promptTokens} \`inputs\` tokens and ${String(max_new_tokens)} \`max_new_tokens\``;
  }
  return undefined;
}

/** All 64 bits count, and the fake model knows 32. */
function folded(seed: number): number {
  return (Math.floor(seed / 2 ** 32) ^ seed) >>> 0;
}

/** What the last event carries beside its token. */
interface AnswerEnd {
  readonly generated_text: string;
  readonly details: object | null;
}

const NO_END = { generated_text: null, details: null };

/** One event for each token, the last of which carries the whole answer; a stop string is a part of it. */
function answerStream(details: object | undefined): StreamWire {
  let index = 0;
  /** Text of the token that reached the limit: it belongs to the last event. */
  let last = '';
  const frame = (token: { text: string; id: number; special?: true }, end: AnswerEnd | typeof NO_END): string => {
    index += 1;
    return dataFrame({ index, token: { logprob: -0.2, special: false, ...token }, ...end });
  };
  return {
    headers: STREAM,
    token(run, text, word) {
      const frames = word.ids.slice(0, -1).map((id) => frame({ text: '', id }, NO_END));
      if (run.predicted >= run.limit) last += text;
      else frames.push(frame({ text, id: word.ids.at(-1) ?? 0 }, NO_END));
      return frames.length === 0 ? Buffer.alloc(0) : chunk(frames.join(''));
    },
    end(run, stopType, stopWord) {
      const text = last + stopWord;
      const token = stopType === 'eos' ? ({ text: '</s>', id: 2, special: true } as const) : { text, id: 300 };
      return [frame(token, answerEnd(run, stopType, stopWord, details))];
    },
    error: (error = 'Request failed during generation: Server error: the engine failed', field) =>
      `${field}: ${JSON.stringify({ error, error_type: 'generation' })}\n\n`,
  };
}

function answerEnd(run: RunView, stopType: StopType, stopWord: string, asked: object | undefined): AnswerEnd {
  const counts = { generated_tokens: run.predicted, input_length: run.promptIds.length };
  const details = asked === undefined ? null : { finish_reason: FINISHES[stopType], ...counts, ...asked };
  return { generated_text: run.shown + stopWord, details };
}

/** With offsets into the text; what the tokenizer adds stands nowhere in it. */
function tokens(text: string, addsBegin: boolean): object[] {
  let start = 0;
  const told = tokenize(text, true).map((id) => {
    const stop = start + detokenize([id]).length;
    const token = { id, text: text.slice(start, stop), start, stop };
    start = stop;
    return token;
  });
  return addsBegin ? [{ id: promptIds('')?.[0], text: '', start: 0, stop: 0 }, ...told] : told;
}

/** The template writes the begin token itself, and nothing is added to it. */
function chatTokenize({ body, response }: Call): void {
  const messages = (body?.messages ?? []) as readonly { readonly role: string; readonly content: string }[];
  const turns = messages.map(({ role, content }) => `<|${role}|>${content}<|end|>`).join('');
  const text = `<|bos|>${turns}<|assistant|>`;
  sendJson(response, 200, { tokenize_response: tokens(text, false), templated_text: text });
}

function inputsOf({ body }: Call): string {
  return typeof body?.inputs === 'string' ? body.inputs : '';
}

function metrics({ response }: Call, { decoder }: EngineState): void {
  const lines = [
    '# TYPE tgi_batch_current_size gauge',
    `tgi_batch_current_size ${decoder.busySlots}`,
    '# TYPE tgi_queue_size gauge',
    `tgi_queue_size ${decoder.deferred}`,
    `tgi_request_input_length_sum ${decoder.prompted}`,
    `tgi_request_generated_tokens_sum ${decoder.decoded}`,
  ];
  send(response, 200, `${lines.join('\n')}\n`, { 'Content-Type': 'text/plain; charset=utf-8' });
}
