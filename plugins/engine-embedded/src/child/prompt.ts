import { type ChatHistoryItem, type LlamaModel, type LlamaText, type Token } from 'node-llama-cpp';
import { type ChatMessage, type EnginePrompt } from '@llama-orch/plugin-sdk';

import { type Library } from './engine-library.js';
import { refuse } from './failure.js';

/** A prompt as the model reads it, and where the template says that an answer ends. */
export interface ReadPrompt {
  readonly tokens: readonly Token[];
  readonly stopTokens: ReadonlySet<Token>;
  readonly stopTexts: readonly string[];
}

/** Turns prompts into tokens. Words of a user are always plain text: a control token that is typed out stays text. */
export class PromptReader {
  // Choosing the template tries out dozens of them, so it happens once per model.
  private readonly template;

  constructor(
    library: Library,
    private readonly model: LlamaModel,
  ) {
    this.template = library.resolveChatWrapper(model, { warningLogs: false });
  }

  /** @throws RunnerFailure for a prompt that holds nothing or that the template cannot take */
  read(prompt: EnginePrompt): ReadPrompt {
    const read = prompt.type === 'text' ? this.readText(prompt.text) : this.readChat(prompt.messages);
    const tokens = this.withBegin(read.tokens);
    if (tokens.length === 0) throw refuse('invalid-input', 'refused', 'The prompt is empty; write at least one word.');
    return { ...read, tokens };
  }

  private readText(text: string): ReadPrompt {
    return { tokens: this.model.tokenize(text), stopTokens: new Set(), stopTexts: [] };
  }

  private readChat(messages: readonly ChatMessage[]): ReadPrompt {
    const { contextText, stopGenerationTriggers } = this.render(historyOf(messages));
    const stops = stopGenerationTriggers.map((trigger) => this.stopOf(trigger));
    return {
      tokens: contextText.tokenize(this.model.tokenizer, 'trimLeadingSpace'),
      stopTokens: new Set(stops.flatMap((stop) => (typeof stop === 'number' ? [stop] : []))),
      stopTexts: stops.flatMap((stop) => (typeof stop === 'string' && stop !== '' ? [stop] : [])),
    };
  }

  private render(chatHistory: ChatHistoryItem[]) {
    try {
      return this.template.generateContextState({ chatHistory });
    } catch {
      // Templates refuse what they were not written for, such as two user turns in a row. Their words may quote the prompt.
      throw refuse(
        'invalid-input',
        'refused',
        'The chat template of the model refuses this order of messages; change it.',
      );
    }
  }

  /** One control token where the vocabulary has it, else the text that stands for it. */
  private stopOf(trigger: LlamaText): Token | string {
    const tokens = trigger.tokenize(this.model.tokenizer);
    const [only] = tokens;
    if (tokens.length === 1 && this.model.isSpecialToken(only)) return only as Token;
    return trigger.values.map((value) => (typeof value === 'string' ? value : value.value)).join('');
  }

  private withBegin(tokens: readonly Token[]): readonly Token[] {
    const { bos, shouldPrependBosToken } = this.model.tokens;
    if (!shouldPrependBosToken || bos === null || tokens[0] === bos) return tokens;
    return [bos, ...tokens];
  }
}

/** An open last turn of the model: a new one, or the caller's own beginning of it. */
function historyOf(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const items = messages.map(historyItem);
  if (messages.at(-1)?.role !== 'assistant') items.push({ type: 'model', response: [] });
  return items;
}

function historyItem({ role, content }: ChatMessage): ChatHistoryItem {
  switch (role) {
    case 'system':
      return { type: 'system', text: content };
    case 'user':
      return { type: 'user', text: content };
    case 'assistant':
      return { type: 'model', response: [content] };
    case 'tool':
      throw refuse('invalid-input', 'not_supported', 'The embedded engine takes no tool messages; leave them out.');
  }
}
