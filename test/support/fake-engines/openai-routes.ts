import { type Call, type EngineState } from './fake-engine.js';
import { type Body, sendJson } from './http.js';
import { promptIds } from './model.js';
import { type ChunkStyle, chunkStream } from './openai-stream.js';

/** What differs between two servers with OpenAI routes. */
export interface Server {
  readonly tellsStopReason: boolean;
  /** A refusal in this server's own shape. */
  refuse(call: Call, status: number, message: string, code?: string): void;
  /** A prompt and a limit that do not fit; true when it was refused. */
  refuseLong(call: Call, promptTokens: number, maxTokens: number, contextTokens: number): boolean;
  streamError(message: string): string;
  /** Prompt tokens that an earlier prompt left in the cache. Default: the server does not tell. */
  cachedTokens?(promptIds: readonly number[]): number;
}

const DEFAULT_MAX_TOKENS = 16;
const DIMENSIONS = 8;

/** Answers the OpenAI routes that every server has; false when the path is none of them. */
export function answerOpenAi(call: Call, engine: EngineState, server: Server): boolean {
  const route = `${call.method} ${call.path}`;
  if (!call.path.startsWith('/v1/')) return false;
  if (!engine.isAuthorized(call)) {
    server.refuse(call, 401, 'Incorrect API key provided.', 'invalid_api_key');
    return true;
  }
  const routes: Readonly<Record<string, () => void>> = {
    'POST /v1/chat/completions': () => complete(call, engine, server, true),
    'POST /v1/completions': () => complete(call, engine, server, false),
    'POST /v1/embeddings': () => embed(call, engine, server),
    'POST /v1/rerank': () => rerank(call, engine, server),
  };
  routes[route]?.();
  return routes[route] !== undefined;
}

/** Ids of a chat as the template of the fake model renders it, or of a text. */
export function idsOf(body: Body): readonly number[] | undefined {
  const messages = body.messages as readonly { readonly role?: string; readonly content?: string }[] | undefined;
  if (messages === undefined) return promptIds(body.prompt);
  const turns = messages.map(({ role, content }) => `<|${role}|>${content}<|end|>`);
  return promptIds(`${turns.join('')}<|assistant|>`);
}

function complete(call: Call, engine: EngineState, server: Server, isChat: boolean): void {
  const { body } = call;
  if (!knowsModel(call, engine, server) || body === undefined) return;
  const ids = (isChat ? body.messages : body.prompt) === undefined ? undefined : idsOf(body);
  if (ids === undefined) return server.refuse(call, 400, `${isChat ? 'messages' : 'prompt'} is required`);
  if (body.stream !== true) return server.refuse(call, 400, 'This server streams only; send stream: true.');
  const { contextTokens, model } = engine.settings;
  const maxTokens = Number(body.max_completion_tokens ?? body.max_tokens ?? DEFAULT_MAX_TOKENS);
  if (server.refuseLong(call, ids.length, maxTokens, contextTokens)) return;
  const error = (message: string): string => server.streamError(message);
  const cachedTokens = server.cachedTokens?.(ids);
  const style: ChunkStyle = { isChat, model, body, tellsStopReason: server.tellsStopReason, cachedTokens, error };
  engine.generate(call, {
    promptIds: ids,
    maxTokens,
    temperature: Number(body.temperature ?? 1),
    seed: Number(body.seed ?? 0),
    stop: (body.stop ?? []) as readonly string[],
    stream: chunkStream(style),
  });
}

function embed(call: Call, engine: EngineState, server: Server): void {
  if (!knowsModel(call, engine, server)) return;
  const inputs = [call.body?.input].flat() as readonly string[];
  const data = inputs.map((input, index) => ({ object: 'embedding', index, embedding: vectorOf(input) }));
  const tokens = countAll(inputs);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  sendJson(call.response, 200, { object: 'list', data, model: engine.settings.model, usage });
}

/** The best come first, as servers sort them. */
function rerank(call: Call, engine: EngineState, server: Server): void {
  if (!knowsModel(call, engine, server)) return;
  const { query = '', documents = [] } = call.body as { query?: string; documents?: readonly string[] };
  const results = documents
    .map((text, index) => ({ index, document: { text }, relevance_score: similarity(query, text) }))
    .sort((a, b) => b.relevance_score - a.relevance_score);
  const usage = { total_tokens: countAll([query, ...documents]) };
  sendJson(call.response, 200, { id: 'rerank-fa4e', model: engine.settings.model, usage, results });
}

function knowsModel(call: Call, { settings }: EngineState, server: Server): boolean {
  const { body } = call;
  if (body === undefined) server.refuse(call, 400, 'The request body is no JSON object.');
  else if (body.model !== settings.model) {
    server.refuse(call, 404, `The model \`${String(body.model)}\` does not exist.`, 'model_not_found');
  }
  return body?.model === settings.model;
}

/** Tokens of all texts, each with its begin token. */
export function countAll(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + (promptIds(text)?.length ?? 0), 0);
}

/** Letters by their place in the alphabet, so that equal texts have equal vectors. */
export function vectorOf(text: string): readonly number[] {
  const vector = Array.from({ length: DIMENSIONS }, () => 0);
  for (const byte of Buffer.from(text)) vector[byte % DIMENSIONS] = (vector[byte % DIMENSIONS] ?? 0) + 1;
  const length = Math.hypot(...vector) || 1;
  return vector.map((value) => value / length);
}

/** The cosine of both vectors. */
export function similarity(a: string, b: string): number {
  const other = vectorOf(b);
  return vectorOf(a).reduce((sum, value, index) => sum + value * (other[index] ?? 0), 0);
}
