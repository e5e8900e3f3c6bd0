import { type ServerResponse } from 'node:http';
import { type Fault } from '../fake-engines/fault.js';
import { type Body, send } from '../fake-engines/http.js';
import { detokenize, tokenizeBody } from '../fake-engines/model.js';

export function tokenize(response: ServerResponse, body: Body): void {
  const ids = tokenizeBody(body);
  if (body.with_pieces !== true) return json(response, 200, { tokens: ids });
  json(response, 200, { tokens: ids.map((id) => ({ id, piece: pieceOf(id) })) });
}

/** A piece that is no whole character comes as its bytes. */
function pieceOf(id: number): string | readonly number[] {
  return id > 127 && id < 256 ? [id] : detokenize([id]);
}

/** What the server says to a prompt or a field that it cannot use. */
export function problemOf({ prompt, temperature, grammar }: Body): string | undefined {
  if (prompt === undefined) return "[json.exception.out_of_range.403] key 'prompt' not found";
  if (temperature !== undefined && typeof temperature !== 'number') {
    return `Field 'temperature': [json.exception.type_error.302] type must be number, but is ${typeof temperature}`;
  }
  const opened = typeof grammar === 'string' ? grammar.split('(').length - grammar.split(')').length : 0;
  return opened === 0 ? undefined : 'Failed to initialize samplers: failed to parse grammar';
}

export function notSupported(response: ServerResponse, what: string, flag: string): void {
  refuse(response, 501, `This server does not support ${what}. Start it with \`${flag}\``, 'not_supported_error');
}

export function refuseLong(response: ServerResponse, promptTokens: number, contextTokens: number): void {
  const message = `request (${promptTokens} tokens) exceeds the available context size (${contextTokens} tokens), try increasing it`;
  const type = 'exceed_context_size_error';
  json(response, 400, { error: { code: 400, message, type, n_prompt_tokens: promptTokens, n_ctx: contextTokens } });
}

export function refuse(response: ServerResponse, code: number, message: string, type: string): void {
  json(response, code, { error: { code, message, type } });
}

export function reply(response: ServerResponse, fault: Extract<Fault, { type: 'reply' }>): void {
  response.writeHead(fault.status, { 'Content-Type': 'application/json; charset=utf-8', ...fault.headers });
  response.end(fault.body);
}

export function json(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, JSON.stringify(body), { 'Content-Type': 'application/json; charset=utf-8' });
}
