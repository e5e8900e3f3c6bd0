import { type EndEvent, type GenerateRequest, type TokenEvent } from '@llama-orch/plugin-sdk';
import { SeededNumbers } from './random.js';
import { StopFilter } from './stop-filter.js';

const EMOJI = ['🦙', '🤖', '👩‍🚀', '🇳🇱', '✨', '🧪'];

export interface Answer {
  readonly promptText: string;
  readonly promptTokens: number;
  /** Length at which the answer ends by itself. */
  readonly naturalTokens: number;
  /** Tokens that fit; reaching it ends with `length`. */
  readonly maxTokens: number;
  readonly emoji: boolean;
}

/** The answer to one request, read piece by piece: a function of request and answer alone. */
export class Decode {
  readonly #numbers: SeededNumbers;
  readonly #filter: StopFilter;
  readonly #limit: number;
  #tokens = 0;
  /** Tokens whose text is held back. */
  #undelivered = 0;

  constructor(
    request: GenerateRequest,
    private readonly answer: Answer,
  ) {
    this.#numbers = new SeededNumbers(fingerprint(request, answer.promptText));
    this.#filter = new StopFilter(request.sampling.stop.filter((stop) => stop !== ''));
    this.#limit = Math.min(answer.naturalTokens, answer.maxTokens);
  }

  /** Tokens decoded so far. */
  get tokens(): number {
    return this.#tokens;
  }

  get isFinished(): boolean {
    return this.#filter.stopped || this.#tokens >= this.#limit;
  }

  /** Decodes at most `count` tokens; text that may begin a stop string comes later, together with its successor. */
  read(count: number): TokenEvent[] {
    const events: TokenEvent[] = [];
    for (let left = count; left > 0 && !this.isFinished; left--) {
      this.#tokens++;
      this.#undelivered++;
      events.push(...this.#deliver(this.#filter.push(this.#word())));
    }
    return events;
  }

  finish(): (TokenEvent | EndEvent)[] {
    return [...this.#deliver(this.#filter.flush()), this.#end()];
  }

  #deliver(text: string): TokenEvent[] {
    if (text === '') return [];
    const tokens = this.#undelivered;
    this.#undelivered = 0;
    return [{ type: 'token', text, tokens }];
  }

  #end(): EndEvent {
    const usage = { promptTokens: this.answer.promptTokens, completionTokens: this.#tokens, exact: true };
    if (this.#filter.stopped) return { type: 'end', finish: 'stop', engineFinish: 'word', usage };
    if (this.#tokens >= this.answer.maxTokens) return { type: 'end', finish: 'length', engineFinish: 'limit', usage };
    return { type: 'end', finish: 'stop', engineFinish: 'eos', usage };
  }

  #word(): string {
    const number = this.#numbers.below(1_000);
    if (this.answer.emoji && number % 3 === 0) return `${EMOJI[number % EMOJI.length]!} `;
    return `tok${number} `;
  }
}

/** Limits and stop strings only cut an answer, so they are no part of it. At temperature 0 neither is the seed. */
function fingerprint({ sampling, seed }: GenerateRequest, promptText: string): string {
  const { stop: _stop, ...values } = sampling;
  if (values.temperature === 0) return JSON.stringify([promptText]);
  return JSON.stringify([promptText, seed, Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
