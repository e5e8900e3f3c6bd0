import { dataFrame } from './chunks.js';
import {
  type Call,
  type EngineState,
  type FakeEngine,
  type FakeEngineOptions,
  startFakeEngine,
} from './fake-engine.js';
import { sendJson } from './http.js';
import { answerOpenAi, type Server } from './openai-routes.js';

const TYPES: Readonly<Record<number, string>> = { 401: 'invalid_request_error', 500: 'server_error' };

/** Starts a server with the routes of OpenAI alone, as a cloud or a small local server has them. */
export async function startFakeOpenAi(options: FakeEngineOptions = {}): Promise<FakeEngine> {
  return startFakeEngine(
    {
      answer(call, engine) {
        if (call.path === '/v1/models' && engine.isAuthorized(call)) return models(call, engine);
        if (!answerOpenAi(call, engine, SERVER)) {
          SERVER.refuse(call, 404, `Invalid URL (${call.method} ${call.path})`);
        }
      },
    },
    options,
  );
}

/** Codes are words here, not numbers. */
const SERVER: Server = {
  tellsStopReason: false,
  refuse: (call, status, message, code) => sendJson(call.response, status, failure(status, message, code)),
  refuseLong(call, promptTokens, maxTokens, contextTokens) {
    if (promptTokens + maxTokens <= contextTokens) return false;
    const message = `This model's maximum context length is ${contextTokens} tokens. However, you requested ${promptTokens + maxTokens} tokens (${promptTokens} in the messages, ${maxTokens} in the completion).`;
    sendJson(call.response, 400, failure(400, message, 'context_length_exceeded'));
    return true;
  },
  streamError: (message) => dataFrame(failure(500, message)),
};

function failure(status: number, message: string, code?: string): object {
  const type = TYPES[status] ?? 'invalid_request_error';
  return { error: { message, type, param: null, code: code ?? null } };
}

function models({ response }: Call, { settings }: EngineState): void {
  const model = { id: settings.model, object: 'model', created: 1_760_000_000, owned_by: 'acme' };
  sendJson(response, 200, { object: 'list', data: [model] });
}
