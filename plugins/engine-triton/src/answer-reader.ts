import { type EngineEvent } from '@llama-orch/plugin-sdk';
import { badStream, errorBodyOf, type SseField, StopFilter, type StreamReader } from '@llama-orch/plugin-sdk/http';
import { AnswerText, type TextMemory } from './answer-text.js';
import { engineFault, failureOf } from './errors.js';
import { type Fields } from './fields.js';

type WireEvent = Readonly<Record<string, unknown>>;

/** What an answer is read by. */
export interface ReadingPlan {
  readonly outputs: Fields['outputs'];
  readonly stops: readonly string[];
  readonly maxTokens: number;
  readonly memory: TextMemory;
  /** Prompt that the answer may begin with; undefined: it does not. */
  readonly echo: string | undefined;
  /** Stands for the prompt where the model does not count. */
  readonly promptTokensGuess: number;
}

/** What models say that tell no reason yet. */
const NO_FINISH: ReadonlySet<unknown> = new Set([undefined, null, '', 'None', 'null']);
/** The backend gave the request up; it is no end of an answer. */
const FAULTS: ReadonlySet<string> = new Set(['error', 'abort', 'cancelled', 'timeout']);
const CLOSED = 'closed';

/**
 * From the events of one `/generate_stream` to those of the contract. Where the model tells why it ended, that is the end;
 * otherwise only the orderly end of the connection is.
 */
export class AnswerReader implements StreamReader {
  readonly #text: AnswerText;
  readonly #stops: StopFilter;
  /** What the model counted itself. */
  #toldTokens: number | undefined;
  #promptTokens: number | undefined;
  /** Tokens that a text was shown for. */
  #shown = 0;
  #hasAnswered = false;
  #ended = false;
  #leaves = false;

  constructor(private readonly plan: ReadingPlan) {
    this.#text = new AnswerText(plan.memory, plan.echo);
    this.#stops = new StopFilter(plan.stops);
  }

  get ended(): boolean {
    return this.#ended;
  }

  get leaves(): boolean {
    return this.#leaves;
  }

  read(payload: string, field: SseField, into: EngineEvent[]): void {
    if (this.#ended) return;
    const event = parse(payload);
    if (field === 'error' || event.error !== undefined) throw failureOf(errorBodyOf(event));
    const text = told(event, this.plan.outputs.text);
    if (typeof text !== 'string') throw badStream('event without a text');
    this.#hasAnswered = true;
    this.#count(event);
    this.#show(this.#stops.pass(this.#text.next(text)), into);
    const finish = told(event, this.plan.outputs.finish);
    if (!NO_FINISH.has(finish)) this.#end(String(finish), into);
    else if (this.#stops.isStopped) this.#leave(into);
  }

  close(into: EngineEvent[], isCut: boolean): void {
    const tellsFinish = this.plan.outputs.finish !== undefined;
    if (!isCut && this.#hasAnswered && !tellsFinish) this.#end(CLOSED, into);
  }

  /** Each event counts its own tokens, where the model counts. */
  #count(event: WireEvent): void {
    const { prompt_tokens, completion_tokens } = this.plan.outputs;
    const promptTokens = told(event, prompt_tokens);
    if (typeof promptTokens === 'number') this.#promptTokens = promptTokens;
    const tokens = told(event, completion_tokens);
    if (typeof tokens === 'number') this.#toldTokens = (this.#toldTokens ?? 0) + tokens;
  }

  #show(text: string, into: EngineEvent[]): void {
    if (text === '') return;
    const tokens = Math.max(1, this.#completionTokens - this.#shown);
    this.#shown = this.#completionTokens;
    into.push(tokens === 1 ? { type: 'token', text } : { type: 'token', text, tokens });
  }

  #end(engineFinish: string, into: EngineEvent[]): void {
    if (FAULTS.has(engineFinish)) throw engineFault(engineFinish);
    this.#show(this.#stops.pass(this.#text.rest()), into);
    const { isStopped } = this.#stops;
    this.#show(this.#stops.rest(), into);
    const reachedLimit = engineFinish === CLOSED && this.#completionTokens >= this.plan.maxTokens;
    const isLength = !isStopped && (engineFinish === 'length' || reachedLimit);
    const exact = this.#promptTokens !== undefined && this.#toldTokens !== undefined;
    this.#finish(isLength ? 'length' : 'stop', engineFinish, exact, into);
  }

  /** A stop string that the model was not told of, or did not see. */
  #leave(into: EngineEvent[]): void {
    this.#leaves = true;
    this.#finish('stop', 'stop', false, into);
  }

  #finish(finish: 'stop' | 'length', engineFinish: string, exact: boolean, into: EngineEvent[]): void {
    this.#ended = true;
    const promptTokens = this.#promptTokens ?? this.plan.promptTokensGuess;
    const usage = { promptTokens, completionTokens: this.#completionTokens, exact };
    into.push({ type: 'end', finish, engineFinish, usage });
  }

  get #completionTokens(): number {
    return this.#toldTokens ?? this.#text.pieces;
  }
}

/** Outputs with one element come without a list, others with one for each sequence, of which there is one. */
function told(event: WireEvent, output: string | undefined): unknown {
  const value = output === undefined ? undefined : event[output];
  return Array.isArray(value) ? value[0] : value;
}

function parse(payload: string): WireEvent {
  try {
    const event: unknown = JSON.parse(payload);
    if (typeof event === 'object' && event !== null) return event as WireEvent;
  } catch (cause) {
    throw badStream(cause);
  }
  throw badStream('event that is no object');
}
