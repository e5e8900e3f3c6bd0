import { type EnginePrompt, type GenerateRequest } from '@llama-orch/plugin-sdk';
import {
  contextOverflow,
  guessTokens,
  openAiCall,
  type OpenAiDialect,
  type StreamCall,
} from '@llama-orch/plugin-sdk/http';

const DIALECT: Omit<OpenAiDialect, 'model'> = {
  fields: 'extended',
  maxTokensField: 'max_tokens',
  usage: 'each',
  api: 'auto',
  schemaForText: true,
};
/** What a chat template puts around the conversation, such as a default system prompt, and around each message. */
const TEMPLATE_TOKENS = 256;
const MESSAGE_TOKENS = 16;

export function generationCall(request: GenerateRequest, model: string, api: string): StreamCall {
  return openAiCall(request, { ...DIALECT, model }, api);
}

/**
 * The request with a limit that fits the context: vLLM refuses a limit that does not, even where the answer would end in
 * time. Tokens are counted only where the bytes do not already tell that everything fits.
 * @param count tokens of the prompt; undefined when the server cannot tell
 * @throws EngineError `context_overflow` with both numbers
 */
export async function fittedRequest(
  request: GenerateRequest,
  contextTokens: number,
  count: (prompt: EnginePrompt) => Promise<number | undefined>,
): Promise<GenerateRequest> {
  if (mostTokens(request.prompt) + request.maxTokens <= contextTokens) return request;
  const promptTokens = await count(request.prompt);
  if (promptTokens === undefined) return request;
  if (promptTokens >= contextTokens) throw contextOverflow(promptTokens, contextTokens);
  return { ...request, maxTokens: Math.min(request.maxTokens, contextTokens - promptTokens) };
}

/** Stands for the prompt where the server does not count. */
export function guessOf(prompt: EnginePrompt): number {
  return guessTokens(textsOf(prompt));
}

/** No tokenizer makes more tokens than there are bytes, but for the few that are added. */
function mostTokens(prompt: EnginePrompt): number {
  const texts = textsOf(prompt);
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return bytes + (prompt.type === 'text' ? 1 : TEMPLATE_TOKENS + MESSAGE_TOKENS * texts.length);
}

function textsOf(prompt: EnginePrompt): readonly string[] {
  return prompt.type === 'text' ? [prompt.text] : prompt.messages.map(({ content }) => content);
}
