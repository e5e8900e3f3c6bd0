import { type EndEvent } from '@llama-orch/plugin-sdk';
import { type LlamaGrammarEvaluationState, type Token } from 'node-llama-cpp';

import { Detokeniser } from './detokeniser.js';
import { refuse } from './failure.js';
import { type Job } from './job.js';
import { schemaForGrammar } from './json-schema.js';
import { type LoadedModel } from './loaded-model.js';
import { type Outbox } from './outbox.js';
import { type PromptReader, type ReadPrompt } from './prompt.js';
import { samplerOptions } from './sampling.js';
import { CHUNK_TOKENS, type Slot, type SlotPool } from './slots.js';
import { TextGate } from './text-gate.js';

type End = Omit<EndEvent, 'type'>;
type Finish = Pick<End, 'finish' | 'engineFinish'>;

/** The engine's grammar closes a JSON text with four line ends; they are no part of the answer. */
const JSON_END = '\n'.repeat(4);

/** Answers requests with one loaded model. */
export class Decoder {
  constructor(
    private readonly loaded: LoadedModel,
    private readonly reader: PromptReader,
    private readonly slots: SlotPool,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Runs one request to its end; undefined when it was cancelled. The slot is free when this settles.
   * @throws RunnerFailure when the request cannot be served
   */
  async run(job: Job): Promise<End | undefined> {
    const prompt = this.reader.read(job.request.prompt);
    this.checkLength(prompt.tokens.length);
    const grammar = await this.grammarFor(job.request.jsonSchema);
    return this.slots.lend(prompt.tokens, job.signal, (slot) => this.answer(job, prompt, slot, grammar));
  }

  /** The engine would drop tokens of a long prompt without a word. */
  private checkLength(promptTokens: number): void {
    const { contextTokens } = this.loaded.facts;
    if (promptTokens < contextTokens) return;
    throw refuse(
      'invalid-input',
      'context_overflow',
      `The prompt has ${promptTokens} tokens and the context holds ${contextTokens} with the answer; shorten the prompt.`,
    );
  }

  private async grammarFor(jsonSchema: unknown): Promise<LlamaGrammarEvaluationState | undefined> {
    if (jsonSchema === undefined) return undefined;
    const { library, llama, model } = this.loaded;
    const schema = schemaForGrammar(jsonSchema);
    try {
      const grammar = await llama.createGrammarForJsonSchema(schema as never);
      return new library.LlamaGrammarEvaluationState({ model, grammar });
    } catch {
      throw refuse(
        'invalid-input',
        'not_supported',
        'The embedded engine cannot turn this JSON schema into a grammar.',
      );
    }
  }

  private async answer(
    job: Job,
    prompt: ReadPrompt,
    slot: Slot,
    grammar: LlamaGrammarEvaluationState | undefined,
  ): Promise<End | undefined> {
    const cachedTokens = await this.slots.prepare(slot, prompt.tokens);
    const unread = await readChunks(job, slot, prompt.tokens, cachedTokens);
    if (job.cancelled) return undefined;
    const answer = new Answer(job, prompt, this.loaded, this.outbox, grammar !== undefined);
    const options = samplerOptions(job.request.sampling, job.request.seed, answer.history);
    const sampler = { ...options, ...(grammar && { grammarEvaluationState: grammar }) };
    for await (const token of slot.sequence.evaluate([...unread], sampler)) {
      if (job.cancelled) return undefined;
      if (answer.take(token)) break;
      if (this.outbox.full) await this.outbox.drained();
      await job.ready();
    }
    if (job.cancelled) return undefined;
    const usage = { promptTokens: prompt.tokens.length, cachedTokens, completionTokens: answer.tokens, exact: true };
    return { ...answer.finish(), usage };
  }
}

/** Reads the prompt but for its last part, which the first new token follows. Stops early on a cancel. */
async function readChunks(job: Job, slot: Slot, tokens: readonly Token[], from: number): Promise<readonly Token[]> {
  let at = from;
  for (; tokens.length - at > CHUNK_TOKENS && !job.cancelled; at += CHUNK_TOKENS) {
    const chunk = tokens.slice(at, at + CHUNK_TOKENS);
    await slot.sequence.evaluateWithoutGeneratingNewTokens(chunk);
    slot.prefix = tokens.slice(0, at + CHUNK_TOKENS);
  }
  return tokens.slice(at);
}

/** What has been said so far, and whether that is all. */
class Answer {
  readonly history: Token[];
  tokens = 0;
  private readonly gate: TextGate;
  private readonly detokeniser: Detokeniser<Token>;
  private readonly limit: number;
  private ended: Finish | undefined;
  private unsentTokens = 0;

  constructor(
    private readonly job: Job,
    private readonly prompt: ReadPrompt,
    private readonly loaded: LoadedModel,
    private readonly outbox: Outbox,
    private readonly json: boolean,
  ) {
    this.history = [...prompt.tokens];
    const hidden = json ? [...prompt.stopTexts, JSON_END] : prompt.stopTexts;
    this.gate = new TextGate([...job.request.sampling.stop.filter((stop) => stop !== ''), ...hidden]);
    this.detokeniser = new Detokeniser((tokens, before) => loaded.model.detokenize(tokens, false, before));
    this.limit = Math.min(job.request.maxTokens, loaded.facts.contextTokens - prompt.tokens.length);
  }

  /** Takes the next token; true when it was the last one. */
  take(token: Token): boolean {
    this.tokens += 1;
    if (this.loaded.model.isEogToken(token)) return this.end({ finish: 'stop', engineFinish: 'eogToken' });
    if (this.prompt.stopTokens.has(token)) return this.end({ finish: 'stop', engineFinish: 'stopGenerationTrigger' });
    this.history.push(token);
    this.unsentTokens += 1;
    const { text, stop } = this.gate.push(this.detokeniser.push(token));
    this.send(text);
    if (stop !== undefined) {
      this.ended = { finish: 'stop', engineFinish: this.nameOf(stop) };
      return true;
    }
    if (this.tokens < this.limit) return false;
    return this.end({ finish: 'length', engineFinish: 'maxTokens' });
  }

  finish(): Finish {
    return this.ended ?? { finish: 'stop', engineFinish: 'eogToken' };
  }

  private end(finish: Finish): true {
    this.ended = finish;
    const rest = this.gate.rest();
    this.send(this.json ? rest.trimEnd() : rest);
    return true;
  }

  private nameOf(stop: string): string {
    return this.job.request.sampling.stop.includes(stop) ? 'customStopTrigger' : 'stopGenerationTrigger';
  }

  private send(text: string): void {
    if (text === '') return;
    this.outbox.push({ type: 'delta', id: this.job.request.id, text, tokens: this.unsentTokens });
    this.unsentTokens = 0;
  }
}
