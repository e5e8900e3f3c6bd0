import { type EndEvent, type EngineError } from '../../src/index.js';
import { failureError, readErrorBody, type HttpFailure, type HttpReply, type SseField } from '../../src/http/index.js';
import { type Carelessness, CarelessSplitter } from './careless-splitter.js';
import { SoundAnswer, type SoundWireEvent } from './sound-wire.js';
import { after, answers, failing, type WireMutant } from './wire-mutant.js';

/** Reads the stream by hand. */
function splits(wrong: string, caughtBy: string, careless: Carelessness): WireMutant {
  class Careless extends SoundAnswer {
    readonly #splitter = new CarelessSplitter(careless, (payload, field) => this.onEvent(payload, field, undefined));
    protected override split(chunk: Buffer): void {
      this.#splitter.push(chunk);
    }
  }
  return answers(wrong, caughtBy, Careless);
}

/** Changes each event before it is read. */
function misreads(wrong: string, caughtBy: string, change: (event: SoundWireEvent) => SoundWireEvent): WireMutant {
  class Misreads extends SoundAnswer {
    protected override read(event: SoundWireEvent): void {
      super.read(change(event));
    }
  }
  return answers(wrong, caughtBy, Misreads);
}

/** Changes the end before it is told. */
function ends(wrong: string, caughtBy: string, change: (end: EndEvent) => EndEvent): WireMutant {
  class Ends extends SoundAnswer {
    protected override endOf(...parts: Parameters<SoundAnswer['endOf']>): EndEvent {
      return change(super.endOf(...parts));
    }
  }
  return answers(wrong, caughtBy, Ends);
}

const GOOD_END: EndEvent = {
  type: 'end',
  finish: 'stop',
  engineFinish: 'eos',
  usage: { promptTokens: 1, completionTokens: 1, exact: false },
};

class GoesOnAfterTheEnd extends SoundAnswer {
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    if (this.batch.some(({ type }) => type === 'end') && payload !== '[DONE]') this.read(this.parse(payload));
    else super.onEvent(payload, field, name);
  }
}
class ReadsEveryEvent extends SoundAnswer {
  protected override onEvent(payload: string, field: SseField, _name: string | undefined): void {
    const { t, end, error } = payload === '[DONE]' ? { t: '' } : this.parse(payload);
    if (t === undefined && end === undefined && error === undefined)
      throw failing('adapter', 'Odd event.', 'bad_stream');
    super.onEvent(payload, field, undefined);
  }
}
class RefusesUnknownFields extends SoundAnswer {
  protected override parse(payload: string): SoundWireEvent {
    const event = super.parse(payload);
    const known = ['t', 'all', 'special', 'echo', 'end', 'usage', 'ms', 'error', 'message'];
    if (Object.keys(event).some((name) => !known.includes(name))) throw failing('adapter', 'Odd field.');
    return event;
  }
}
class YieldsEmptyTokens extends SoundAnswer {
  protected override read(event: SoundWireEvent): void {
    super.read(event);
    if (event.t === '') this.token('');
  }
}
class BuffersLinesWithoutBound extends SoundAnswer {
  #rest: Buffer[] = [];
  protected override split(chunk: Buffer): void {
    this.#rest.push(chunk);
    if (chunk.at(-1) !== 0x0a) return;
    const [whole, { length }] = [Buffer.concat(this.#rest), this.#rest];
    this.#rest = [];
    // A line beyond the limit is dropped without a word.
    if (whole.length < 1024 * 1024 || length === 0) super.split(whole);
  }
}
class SkipsWhatItCannotParse extends SoundAnswer {
  protected override parse(payload: string): SoundWireEvent {
    try {
      return super.parse(payload);
    } catch {
      return {};
    }
  }
}
class TakesACloseForTheEnd extends SoundAnswer {
  override onEnd(): void {
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
class TakesDoneForTheEnd extends SoundAnswer {
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    if (payload === '[DONE]' && this.batch.at(-1)?.type !== 'end') this.batch.push(GOOD_END);
    else super.onEvent(payload, field, name);
  }
}
class TakesABrokenConnectionForTheEnd extends SoundAnswer {
  override onFailure(failure: HttpFailure): void {
    if (failure.kind !== 'truncated') return super.onFailure(failure);
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
class TakesHalfAnEventForTheEnd extends SoundAnswer {
  #isWhole = true;
  protected override split(chunk: Buffer): void {
    super.split(chunk);
    this.#isWhole = chunk.subarray(-2).equals(Buffer.from('\n\n'));
  }
  override onEnd(): void {
    if (this.#isWhole) return super.onEnd();
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
/** An error only counts when the stream ends without a better word. */
class LetsDoneWinOverAnError extends SoundAnswer {
  #error: Error | undefined;
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    if (payload === '[DONE]' && this.#error) this.batch.push(GOOD_END);
    else this.#keepError(() => super.onEvent(payload, field, name));
  }
  override onEnd(): void {
    if (this.#error) this.fail(this.#error);
    else super.onEnd();
  }
  #keepError(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#error = error as Error;
    }
  }
}
class LetsAnEndWinOverAnError extends SoundAnswer {
  #error: Error | undefined;
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    try {
      super.onEvent(payload, field, name);
    } catch (error) {
      this.#error = error as Error;
    }
  }
  override onEnd(): void {
    if (this.#error) this.fail(this.#error);
    else super.onEnd();
  }
}
class SwallowsErrors extends SoundAnswer {
  #sawError = false;
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    try {
      super.onEvent(payload, field, name);
    } catch {
      this.#sawError = true;
    }
  }
  override onEnd(): void {
    if (!this.#sawError) return super.onEnd();
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
class LosesTheMessage extends SoundAnswer {
  protected override failureOf(): EngineError {
    return failing('internal', 'The engine failed.');
  }
}
class KeepsTheWholeMessage extends SoundAnswer {
  protected override failureOf(event: SoundWireEvent): EngineError {
    return failing('internal', (event.error as { message: string }).message);
  }
}
class DropsTokensBeforeAnError extends SoundAnswer {
  protected override fail(error: Error): void {
    this.events.drop();
    super.fail(error);
  }
}
class DoesNotKnowErrorLines extends SoundAnswer {
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    if (field !== 'error') super.onEvent(payload, field, name);
  }
}
class TakesAFirstErrorForAnEmptyAnswer extends SoundAnswer {
  protected override fail(error: Error): void {
    const isFirst = this.tokens === 0 && (error as EngineError).reason === 'engine';
    if (!isFirst) return super.fail(error);
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
class TakesAPageForAnAnswer extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    if (reply.status !== 200) return super.onReply(reply);
    this.events.push([{ type: 'token', text: reply.text || '?' }, GOOD_END], 0);
    this.finish();
  }
}
class CallsLossInternal extends SoundAnswer {
  override onFailure(failure: HttpFailure): void {
    this.fail(failing('internal', failure.message));
  }
}
class SendsAgain extends SoundAnswer {
  #isSecond = false;
  override onFailure(failure: HttpFailure): void {
    if (this.#isSecond || this.isOver) return super.onFailure(failure);
    this.#isSecond = true;
    this.start();
  }
}
class ShowsPages extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    this.fail(failing('unavailable', `The engine answered ${reply.text}`));
  }
}
class LogsPages extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    this.wire.context.log('warn', `the engine answered ${reply.text}`);
    super.onReply(reply);
  }
}
class ReportsLate extends SoundAnswer {
  override onFailure(failure: HttpFailure): void {
    void after(650, () => super.onFailure(failure));
  }
}
class KnowsOneShapeOfErrors extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    const { error } = JSON.parse(reply.text || '{}') as { error?: { message?: string } };
    if (reply.status === 400 || reply.status === 422) this.fail(failing('invalid-input', error?.message ?? 'refused'));
    else super.onReply(reply);
  }
}
class CallsARefusalInternal extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    if (reply.status !== 401) return super.onReply(reply);
    this.fail(failing('internal', 'The engine answered 401.'));
  }
}
class TakesRefusalsForEmptyAnswers extends SoundAnswer {
  override onReply(): void {
    this.events.push([GOOD_END], 0);
    this.finish();
  }
}
class TellsOneNumber extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    const { most } = readErrorBody(reply.text).members;
    if (most === undefined) return super.onReply(reply);
    this.fail(failing('invalid-input', `The context holds ${Number(most)} tokens.`, 'context_overflow'));
  }
}
class LeavesTheConnectionOpen extends SoundAnswer {
  protected override leave(): void {
    this.settle();
  }
}
/** Frees the connection after a while, as a collector of garbage might. */
class ClosesLate extends SoundAnswer {
  protected override leave(): void {
    this.settle();
    void after(400, () => this.stream?.abort());
  }
}
class ForgetsLeavers extends SoundAnswer {
  constructor(...parts: ConstructorParameters<typeof SoundAnswer>) {
    super(...parts);
    this.events.return = () => {
      this.events.drop();
      return Promise.resolve({ done: true, value: undefined });
    };
  }
}
class DeliversWhatWaits extends SoundAnswer {
  protected override onAbort(): void {
    this.leave();
    this.events.end();
  }
}
class HasOneReasonForLimits extends SoundAnswer {
  override onFailure(failure: HttpFailure): void {
    const isLimit = failure.kind.endsWith('timeout');
    this.fail(isLimit ? failing('timeout', 'Too slow.', 'slow') : failureError(failure));
  }
}
class TakesCommentsForSilence extends SoundAnswer {
  #timer: NodeJS.Timeout | undefined;
  protected override onEvent(payload: string, field: SseField, name: string | undefined): void {
    clearTimeout(this.#timer);
    super.onEvent(payload, field, name);
    this.#timer = setTimeout(() => this.fail(failing('timeout', 'Too slow.', 'idle')), 250);
  }
  protected override settle(): void {
    clearTimeout(this.#timer);
    super.settle();
  }
}
class NeverPauses extends SoundAnswer {
  protected override pause(): void {
    // Everything is read, however far the consumer is behind.
  }
}
class StaysPaused extends SoundAnswer {
  #isPaused = false;
  protected override pause(): void {
    if (!this.#isPaused) this.stream?.pause();
    this.#isPaused = true;
    if (this.stream) this.stream.resume = () => undefined;
  }
}
class ShowsItsKey extends SoundAnswer {
  override onReply(reply: HttpReply): void {
    this.fail(failing('unavailable', readErrorBody(reply.text).message, 'engine_auth'));
  }
}

/** Adapters that go wrong within one answer. */
export const answerMutants: readonly WireMutant[] = [
  misreads('trims tokens', 'EA-01', (event) => (event.t === undefined ? event : { ...event, t: event.t.trim() })),
  answers('goes on after the end', 'EA-02b', GoesOnAfterTheEnd),
  splits('decodes each piece by itself', 'EA-03b', { decodesPieces: true }),
  splits('takes each piece for whole events', 'EA-03c', { forgetsRests: true }),
  splits('decodes recorded pieces by themselves', 'EA-03d', { decodesPieces: true }),
  splits('forgets half an event in a pause', 'EA-03e', { restLivesMs: 5 }),
  splits('needs lines that end with LF', 'EA-04', { needsLf: true }),
  splits('needs a space after the colon', 'EA-04', { needsSpace: true }),
  splits('reads one data line of an event', 'EA-04', { oneDataLine: true }),
  splits('takes a byte order mark for text', 'EA-04', { keepsMark: true }),
  splits('reads comments as tokens', 'EA-04', { readsComments: true }),
  answers('refuses unknown fields', 'EA-05', RefusesUnknownFields),
  answers('refuses unknown events', 'EA-05', ReadsEveryEvent),
  answers('yields empty tokens', 'EA-06b', YieldsEmptyTokens),
  misreads('takes whole texts for deltas', 'EA-07', (event) => (event.all === undefined ? event : { t: event.all })),
  misreads('shows the prompt', 'EA-08', (event) => (event.echo === undefined ? event : { t: event.echo })),
  misreads('shows special tokens', 'EA-09', (event) => (event.special === undefined ? event : { t: event.special })),
  answers('buffers lines without bound', 'EA-10', BuffersLinesWithoutBound),
  answers('skips what it cannot parse', 'EA-10b', SkipsWhatItCannotParse),
  splits('replaces bytes that are no UTF-8', 'EA-10b', {}),
  answers('takes a closed connection for the end', 'EA-12', TakesACloseForTheEnd),
  answers('takes [DONE] for the end', 'EA-12', TakesDoneForTheEnd),
  answers('takes a broken connection for the end', 'EA-12b', TakesABrokenConnectionForTheEnd),
  answers('takes half an event for the end', 'EA-12c', TakesHalfAnEventForTheEnd),
  answers('takes a cut recording for whole', 'EA-12d', TakesACloseForTheEnd),
  answers('lets [DONE] win over an error', 'EA-13', LetsDoneWinOverAnError),
  answers('swallows errors', 'EA-14', SwallowsErrors),
  answers('loses the message of an error', 'EA-14', LosesTheMessage),
  answers('keeps the whole message of an error', 'EA-14', KeepsTheWholeMessage),
  answers('drops tokens before an error', 'EA-14', DropsTokensBeforeAnError),
  answers('lets an end win over an error', 'EA-14b', LetsAnEndWinOverAnError),
  answers('does not know error lines', 'EA-15', DoesNotKnowErrorLines),
  answers('takes a first error for an empty answer', 'EA-16', TakesAFirstErrorForAnEmptyAnswer),
  answers('takes a page for an answer', 'EA-16b', TakesAPageForAnAnswer),
  answers('calls a lost engine internal', 'EA-17', CallsLossInternal),
  answers('sends a generation again', 'EA-17b', SendsAgain),
  answers('shows pages of gateways', 'EA-18', ShowsPages),
  answers('logs pages of gateways', 'EA-18', LogsPages),
  ends('maps every end to stop', 'EA-19', (end) => ({ ...end, finish: 'stop' })),
  ends('forgets the word for the end', 'EA-19', (end) => ({ ...end, engineFinish: end.finish })),
  answers('reports a reset late', 'EA-20c', ReportsLate),
  answers('knows one shape of errors', 'EA-22', KnowsOneShapeOfErrors),
  answers('calls a wrong key internal', 'EA-22b', CallsARefusalInternal),
  answers('takes refusals for empty answers', 'EA-22c', TakesRefusalsForEmptyAnswers),
  answers('tells one of two numbers', 'EA-23b', TellsOneNumber),
  answers('leaves the connection open before the first byte', 'EA-34b', LeavesTheConnectionOpen),
  answers('leaves the connection open after an abort', 'EA-35d', LeavesTheConnectionOpen),
  answers('closes the connection late', 'EA-35d', ClosesLate),
  answers('forgets a consumer that left', 'EA-35e', ForgetsLeavers),
  answers('delivers what waits after an abort', 'EA-36b', DeliversWhatWaits),
  answers('has one reason for both limits', 'EA-37b', HasOneReasonForLimits),
  answers('takes comments for silence', 'EA-37c', TakesCommentsForSilence),
  answers('buffers without bound', 'EA-38', NeverPauses),
  answers('stays paused', 'EA-38', StaysPaused),
  answers('shows its key', 'EA-41', ShowsItsKey),
  ends('counts by itself', 'EA-47b', (end) => ({ ...end, usage: { ...end.usage, completionTokens: 6 } })),
  ends('calls its own counts exact', 'EA-47c', (end) => ({ ...end, usage: { ...end.usage, exact: true } })),
  ends('leaves out cached tokens', 'EA-48', (end) => ({
    ...end,
    usage: { promptTokens: end.usage.promptTokens, completionTokens: end.usage.completionTokens, exact: true },
  })),
  ends('tells negative times', 'EA-51', (end) => ({ ...end, timings: { decodeMs: -1 } })),
];
