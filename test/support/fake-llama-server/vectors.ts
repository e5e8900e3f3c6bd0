import { type ServerResponse } from 'node:http';
import { type Body } from '../fake-engines/http.js';
import { countAll, similarity, vectorOf } from '../fake-engines/openai-routes.js';
import { json, notSupported, refuse } from './replies.js';

/** What a server for vectors and scores was started with. */
export interface VectorServer {
  readonly model: string;
  readonly contextTokens: number;
  readonly embeddings: boolean;
  readonly reranking: boolean;
}

export function embed(server: VectorServer, response: ServerResponse, body: Body): void {
  if (!server.embeddings) return notSupported(response, 'embeddings', '--embeddings');
  const inputs = [body.input].flat() as readonly string[];
  if (isTooLarge(server, response, inputs)) return;
  const data = inputs.map((input, index) => ({ embedding: vectorOf(input), index, object: 'embedding' }));
  json(response, 200, { model: server.model, object: 'list', usage: usageOf(inputs), data });
}

/** The best come first. */
export function rerank(server: VectorServer, response: ServerResponse, body: Body): void {
  if (!server.reranking) return notSupported(response, 'reranking', '--reranking');
  const { query = '', documents = [] } = body as { query?: string; documents?: readonly string[] };
  if (isTooLarge(server, response, documents)) return;
  const results = documents
    .map((text, index) => ({ index, relevance_score: similarity(query, text) }))
    .sort((a, b) => b.relevance_score - a.relevance_score);
  json(response, 200, { model: server.model, object: 'list', usage: usageOf([query, ...documents]), results });
}

/** One batch must hold an input whole. */
function isTooLarge({ contextTokens }: VectorServer, response: ServerResponse, inputs: readonly string[]): boolean {
  const tokens = Math.max(0, ...inputs.map((input) => countAll([input])));
  if (tokens <= contextTokens) return false;
  const size = `(current batch size: ${contextTokens})`;
  const message = `input (${tokens} tokens) is too large to process. increase the physical batch size ${size}`;
  refuse(response, 500, message, 'server_error');
  return true;
}

function usageOf(texts: readonly string[]): object {
  const tokens = countAll(texts);
  return { prompt_tokens: tokens, total_tokens: tokens };
}
