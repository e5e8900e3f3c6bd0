import { EngineError, type ChatMessage, type EnginePrompt } from '@llama-orch/plugin-sdk';
import { shapeOf, splitRendered, withPlaceholders } from './chat-template.js';
import { overflow } from './errors.js';
import { type LlamaServer } from './llama-server.js';

/** What `/completion` takes as its prompt: text, or token ids mixed with text. */
export type WirePrompt = string | readonly (number | string)[];

/** A conversation's shape with the template's own text as token ids; numbers in between name messages. */
interface Skeleton {
  readonly parts: readonly SkeletonPart[];
  readonly tokens: number;
  readonly renderedAt: number;
}

type SkeletonPart =
  { readonly type: 'tokens'; readonly ids: readonly number[] } | { readonly type: 'message'; readonly index: number };

/** Templates may show the date, so a rendering does not live long. */
const SKELETON_LIFE_MS = 60_000;
const MAX_SKELETONS = 64;
/** A begin token, or a space that some tokenizers put before a text. */
const ADDED_TOKENS = 1;
/** Control tokens are written with brackets or bars in every known vocabulary. */
const MAY_HOLD_CONTROL = /[<>[\]{}|｜]/;
const PROBE: readonly ChatMessage[] = [
  { role: 'user', content: 'a' },
  { role: 'assistant', content: 'b' },
  { role: 'user', content: 'c' },
];

/**
 * Turns prompts into what the server may be sent: control tokens only from the template, never from a caller's text,
 * and never more than fits the context.
 */
export class Prompts {
  readonly #skeletons = new Map<string, Skeleton>();

  constructor(
    private readonly server: LlamaServer,
    private readonly controlTokens: 'separated' | 'obeyed',
  ) {}

  /** Whether conversations can be rendered as the options ask. */
  async canChat(signal: AbortSignal): Promise<boolean> {
    if (this.controlTokens === 'obeyed') return true;
    const rendered = await this.server.applyTemplate(withPlaceholders(PROBE), signal);
    return splitRendered(rendered, PROBE) !== undefined;
  }

  /**
   * @throws EngineError `invalid-input` when the prompt does not fit or cannot be rendered safely
   */
  async prepare(prompt: EnginePrompt, contextTokens: number, signal: AbortSignal): Promise<WirePrompt> {
    const draft = await this.#draft(prompt, signal);
    if (mostTokens(draft) < contextTokens) return draft;
    const ids = await this.#exact(draft, signal);
    if (ids.length < contextTokens) return ids;
    throw overflow(ids.length, contextTokens);
  }

  async count(prompt: EnginePrompt, signal: AbortSignal): Promise<number> {
    return (await this.#exact(await this.#draft(prompt, signal), signal)).length;
  }

  async #draft(prompt: EnginePrompt, signal: AbortSignal): Promise<WirePrompt> {
    if (prompt.type === 'text') return this.#plainText(prompt.text, signal);
    if (this.controlTokens === 'obeyed') return this.server.applyTemplate(prompt.messages, signal);
    const skeleton = await this.#skeleton(prompt.messages, signal);
    const contents = await Promise.all(prompt.messages.map(({ content }) => this.#content(content, signal)));
    return skeleton.parts.flatMap((part) => (part.type === 'tokens' ? part.ids : (contents[part.index] ?? [])));
  }

  async #plainText(text: string, signal: AbortSignal): Promise<WirePrompt> {
    if (this.controlTokens === 'obeyed' || !MAY_HOLD_CONTROL.test(text)) return text;
    return this.server.tokenize({ content: text, add_special: true, parse_special: false }, signal);
  }

  /** The server reads text inside a list with its control tokens, so only harmless text goes out as text. */
  async #content(text: string, signal: AbortSignal): Promise<readonly (number | string)[]> {
    if (text === '') return [];
    if (!MAY_HOLD_CONTROL.test(text)) return [text];
    return this.server.tokenize({ content: text, add_special: false, parse_special: false }, signal);
  }

  async #skeleton(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Skeleton> {
    const shape = shapeOf(messages);
    const known = this.#skeletons.get(shape);
    if (known !== undefined && performance.now() - known.renderedAt < SKELETON_LIFE_MS) return known;
    const skeleton = await this.#render(messages, signal);
    if (this.#skeletons.size >= MAX_SKELETONS) this.#skeletons.clear();
    this.#skeletons.set(shape, skeleton);
    return skeleton;
  }

  async #render(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Skeleton> {
    const rendered = await this.server.applyTemplate(withPlaceholders(messages), signal);
    const pieces = splitRendered(rendered, messages);
    if (pieces === undefined) throw unsplittable();
    // The begin token belongs to the front, also of a template that opens with a message.
    const whole = pieces[0]?.type === 'template' ? pieces : [{ type: 'template', text: '' } as const, ...pieces];
    const parts = await Promise.all(
      whole.map(async (piece, index): Promise<SkeletonPart> => {
        if (piece.type === 'message') return piece;
        const call = { content: piece.text, add_special: index === 0, parse_special: true };
        return { type: 'tokens', ids: await this.server.tokenize(call, signal) };
      }),
    );
    const tokens = parts.reduce((sum, part) => sum + (part.type === 'tokens' ? part.ids.length : 0), 0);
    return { parts, tokens, renderedAt: performance.now() };
  }

  async #exact(draft: WirePrompt, signal: AbortSignal): Promise<readonly number[]> {
    const parse_special = this.controlTokens === 'obeyed';
    if (typeof draft === 'string') {
      return this.server.tokenize({ content: draft, add_special: true, parse_special }, signal);
    }
    const parts = await Promise.all(
      draft.map(async (part, index) => {
        if (typeof part === 'number') return [part];
        return this.server.tokenize({ content: part, add_special: index === 0, parse_special }, signal);
      }),
    );
    return parts.flat();
  }
}

/** No tokenizer makes more tokens than there are bytes, but for the few that it adds. */
function mostTokens(draft: WirePrompt): number {
  if (typeof draft === 'string') return Buffer.byteLength(draft) + 2 * ADDED_TOKENS;
  return draft.reduce<number>(
    (sum, part) => sum + (typeof part === 'number' ? 1 : Buffer.byteLength(part) + ADDED_TOKENS),
    ADDED_TOKENS,
  );
}

function unsplittable(): EngineError {
  return new EngineError(
    'invalid-input',
    "The model's chat template changes or drops messages, so control tokens in them cannot be kept apart; send a text prompt, or let the operator set control_tokens: obeyed.",
    { reason: 'not_supported' },
  );
}
