import { z } from 'zod';
import { type EmbedRequest, type EmbedResult, type RerankRequest, type RerankResult } from '../../contracts/engine.js';
import { EngineError } from '../../contracts/engine-error.js';
import { answered } from '../engine-failure.js';
import { type HttpReply } from '../http-stream.js';
import { type CallOptions, type Upstream } from '../upstream.js';
import { openAiRefusal, wrongUrl } from './failure.js';
import { type OpenAiModel, readModels } from './models.js';

const PROBE_TIMEOUT_MS = 1_000;

const usageSchema = z.object({ prompt_tokens: z.number().optional(), total_tokens: z.number().optional() }).optional();
const embeddingsSchema = z.object({
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()) })),
  usage: usageSchema,
});
const rerankSchema = z.object({
  results: z.array(z.object({ index: z.int(), relevance_score: z.number() })),
  usage: usageSchema,
});

/** The routes of an OpenAI-style server that answer at once. Every method throws EngineError alone. */
export class OpenAiServer {
  /** @param api path of the OpenAI routes, such as `/v1` */
  constructor(
    private readonly upstream: Upstream,
    private readonly api: string,
    private readonly model: string,
  ) {}

  /** The second attempt is for a kept connection that the server was just closing. */
  async models(signal: AbortSignal): Promise<readonly OpenAiModel[]> {
    const reply = await this.get(`${this.api}/models`, signal);
    const models = reply.status === 200 ? readModels(parsed(reply)) : undefined;
    if (models !== undefined) return models;
    if (reply.status === 200) throw wrongUrl(undefined, `: ${this.api}/models is no list of models`);
    throw reply.status === 404 ? wrongUrl(404) : openAiRefusal(reply);
  }

  /** One probe of a route of the server itself, such as `/health`. */
  async get(path: string, signal: AbortSignal): Promise<HttpReply> {
    return answered(this.upstream.getJson(path, { timeoutMs: PROBE_TIMEOUT_MS, signal, retries: 1 }));
  }

  /** Posts and reads a good reply as JSON. */
  async post(path: string, body: unknown, options: CallOptions): Promise<unknown> {
    const reply = await answered(this.upstream.postJson(path, body, options));
    if (reply.status !== 200) throw openAiRefusal(reply);
    return parsed(reply);
  }

  /** Vectors in the order of the inputs. */
  async embed({ inputs }: EmbedRequest, options: CallOptions): Promise<EmbedResult> {
    const body = { model: this.model, input: inputs, encoding_format: 'float' };
    const reply = embeddingsSchema.safeParse(await this.post(`${this.api}/embeddings`, body, options)).data;
    const vectors = new Map(reply?.data.map(({ index, embedding }) => [index, embedding]));
    const embeddings = inputs.map((_, at) => vectors.get(at));
    if (reply === undefined || !embeddings.every((vector) => vector !== undefined)) throw strangeReply('/embeddings');
    return { embeddings, promptTokens: promptTokensOf(reply.usage, inputs) };
  }

  /** Scores in the order of the inputs; servers sort them. */
  async rerank({ query, inputs }: RerankRequest, options: CallOptions): Promise<RerankResult> {
    const body = { model: this.model, query, documents: inputs, top_n: inputs.length };
    const reply = rerankSchema.safeParse(await this.post(`${this.api}/rerank`, body, options)).data;
    const known = new Map(reply?.results.map(({ index, relevance_score }) => [index, relevance_score]));
    const scores = inputs.map((_, at) => known.get(at));
    if (reply === undefined || !scores.every((score) => score !== undefined)) throw strangeReply('/rerank');
    return { scores, promptTokens: promptTokensOf(reply.usage, [query, ...inputs]) };
  }
}

/** A guess at the tokens of texts, for servers that do not count: never 0. */
export function guessTokens(texts: readonly string[]): number {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return Math.max(1, Math.ceil(bytes / 4));
}

function promptTokensOf(usage: z.output<typeof usageSchema>, texts: readonly string[]): number {
  return usage?.prompt_tokens ?? usage?.total_tokens ?? guessTokens(texts);
}

function parsed(reply: HttpReply): unknown {
  try {
    return JSON.parse(reply.text);
  } catch {
    return undefined;
  }
}

function strangeReply(route: string): EngineError {
  const message = `The engine's answer to ${route} does not hold one result for each input.`;
  return new EngineError('adapter', message, { reason: 'bad_reply' });
}
