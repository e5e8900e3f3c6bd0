import { type EnginePrompt, type GenerateRequest, isEngineError } from '@llama-orch/plugin-sdk';
import { contextOverflow, guessTokens, notSupported } from '@llama-orch/plugin-sdk/http';
import { type ServerFacts } from './facts.js';
import { type Fitted } from './generate-body.js';
import { type TgiServer } from './tgi-server.js';

type ChatPrompt = EnginePrompt & { readonly type: 'chat' };

/** A prompt as text, with its length where it had to be counted anyway. */
interface Draft {
  readonly inputs: string;
  readonly promptTokens: number | undefined;
}

const PROBE: ChatPrompt = { type: 'chat', messages: [{ role: 'user', content: 'a' }] };
/** What a tokenizer adds in front and behind. */
const ADDED_TOKENS = 2;

/**
 * Turns prompts into what `/generate_stream` takes: text, never more than fits. Conversations are rendered by the server;
 * the begin token that its template writes is left out where the server adds one itself.
 */
export class Prompts {
  /** What is cut from the front of a rendered conversation; undefined until it was looked at. */
  #front: string | undefined;

  constructor(private readonly server: TgiServer) {}

  /** Whether the server can render conversations. */
  async canChat(signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#learnFront(signal)) !== undefined;
    } catch (error) {
      // A server without a template refuses the conversation itself; any other failure is the caller's to see.
      if (isEngineError(error) && /^(invalid-input|internal)$/.test(error.code)) return false;
      throw error;
    }
  }

  /**
   * @param contextTokens what the pool and the server allow for prompt and answer together
   * @throws EngineError `context_overflow` with both numbers
   */
  async fit(
    request: GenerateRequest,
    { maxPromptTokens, maxStops }: ServerFacts,
    contextTokens: number,
    signal: AbortSignal,
  ): Promise<Fitted> {
    const { inputs, promptTokens: known } = await this.#draft(request.prompt, signal);
    const most = known ?? Buffer.byteLength(inputs) + ADDED_TOKENS;
    if (most <= maxPromptTokens && most + request.maxTokens <= contextTokens) {
      return { inputs, maxTokens: request.maxTokens, maxStops };
    }
    const promptTokens = known ?? (await this.server.tokenize(inputs, signal))?.length;
    // Without a count the server is left to refuse what is too long.
    if (promptTokens === undefined) return { inputs, maxTokens: request.maxTokens, maxStops };
    if (promptTokens >= contextTokens) throw contextOverflow(promptTokens, contextTokens);
    if (promptTokens > maxPromptTokens) throw contextOverflow(promptTokens, maxPromptTokens);
    return { inputs, maxTokens: Math.min(request.maxTokens, contextTokens - promptTokens), maxStops };
  }

  /** @throws EngineError when the server does not count */
  async count(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    const { inputs, promptTokens } = await this.#draft(prompt, signal);
    const count = promptTokens ?? (await this.server.tokenize(inputs, signal))?.length;
    if (count !== undefined) return count;
    throw notSupported('it has no tokenizer of its own, so that prompts cannot be counted.');
  }

  async #draft(prompt: EnginePrompt, signal: AbortSignal): Promise<Draft> {
    if (prompt.type === 'text') return { inputs: prompt.text, promptTokens: undefined };
    const front = await this.#learnFront(signal);
    const rendered = front === undefined ? undefined : await this.server.render(prompt, signal);
    if (front === undefined || rendered === undefined) throw notSupported('it renders no conversations.');
    const { text, ids } = rendered;
    return { inputs: text.startsWith(front) ? text.slice(front.length) : text, promptTokens: ids.length };
  }

  /** The chat route of the server adds no begin token to a template, the route for text does. */
  async #learnFront(signal: AbortSignal): Promise<string | undefined> {
    if (this.#front !== undefined) return this.#front;
    const rendered = await this.server.render(PROBE, signal);
    if (rendered === undefined) return undefined;
    const { text, ids, firstTokenChars } = rendered;
    const [begin, second] = (await this.server.tokenize(text, signal)) ?? [];
    const isDoubled = begin !== undefined && begin === second && begin === ids[0] && ids[1] !== begin;
    return (this.#front = isDoubled ? text.slice(0, firstTokenChars) : '');
  }
}

/** Stands for the prompt where the server does not count. */
export function guessOf(prompt: EnginePrompt): number {
  return guessTokens(prompt.type === 'text' ? [prompt.text] : prompt.messages.map(({ content }) => content));
}
