import {
  EngineError,
  type EmbedRequest,
  type EmbedResult,
  type EngineConnection,
  type EngineDescription,
  type EngineEndpoint,
  type EngineEvent,
  type EngineHealth,
  type EnginePrompt,
  type GenerateRequest,
  type RerankRequest,
  type RerankResult,
} from '../../src/index.js';
import { answer, SoundEngine, turn } from './sound-engine.js';

export interface EngineMutant {
  readonly wrong: string;
  readonly caughtBy: string;
  readonly connect: (endpoint: EngineEndpoint) => EngineConnection;
}

type Batches = AsyncGenerator<readonly EngineEvent[]>;

/** Changes each request before the engine sees it. */
function misread(wrong: string, caughtBy: string, change: (request: GenerateRequest) => GenerateRequest): EngineMutant {
  class Misreads extends SoundEngine {
    override generate(request: GenerateRequest, signal: AbortSignal): Batches {
      return super.generate(change(request), signal);
    }
  }
  return { wrong, caughtBy, connect: (endpoint) => new Misreads(endpoint) };
}

/** Changes each event before the host sees it. */
function misreport(wrong: string, caughtBy: string, change: (event: EngineEvent) => EngineEvent[]): EngineMutant {
  class Misreports extends SoundEngine {
    override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
      for await (const batch of super.generate(request, signal)) yield batch.flatMap(change);
    }
  }
  return { wrong, caughtBy, connect: (endpoint) => new Misreports(endpoint) };
}

export function misdescribe(wrong: string, caughtBy: string, change: Partial<EngineDescription>): EngineMutant {
  class Misdescribes extends SoundEngine {
    override async describe(signal: AbortSignal): Promise<EngineDescription> {
      return { ...(await super.describe(signal)), ...change };
    }
  }
  return { wrong, caughtBy, connect: (endpoint) => new Misdescribes(endpoint) };
}

export function engine(
  wrong: string,
  caughtBy: string,
  Engine: new (endpoint: EngineEndpoint) => EngineConnection,
): EngineMutant {
  return { wrong, caughtBy, connect: (endpoint) => new Engine(endpoint) };
}

const ifToken =
  (change: (text: string) => string[]) =>
  (event: EngineEvent): EngineEvent[] =>
    event.type === 'token' ? change(event.text).map((text) => ({ ...event, text })) : [event];
const ifEnd =
  (change: (end: EngineEvent & { type: 'end' }) => EngineEvent[]) =>
  (event: EngineEvent): EngineEvent[] =>
    event.type === 'end' ? change(event) : [event];

class IgnoresAbort extends SoundEngine {
  override generate(request: GenerateRequest, _signal: AbortSignal): Batches {
    return super.generate(request, new AbortController().signal);
  }
}
class LooksAtSignalOnceOnly extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    if (!signal.aborted) yield* super.generate(request, new AbortController().signal);
  }
}
class IgnoresAbortBeforeTheFirstToken extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    if (signal.aborted) return;
    await turn();
    if (signal.aborted) await new Promise(() => undefined);
    yield* super.generate(request, signal);
  }
}
class FlushesAfterAbort extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    let isFirst = true;
    for await (const batch of super.generate(request, signal)) {
      isFirst = false;
      yield batch;
    }
    if (signal.aborted && !isFirst) yield [{ type: 'token', text: 'late ' }];
  }
}
class ThrowsOnAbort extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    yield* super.generate(request, signal);
    signal.throwIfAborted();
  }
}
class StartsAborted extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    if (signal.aborted) yield [{ type: 'token', text: 'early ' }];
    yield* super.generate(request, signal);
  }
}
class KeepsTheSlotAfterAbort extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    yield* super.generate(request, signal);
    if (signal.aborted) this.busy++;
  }
}
class KeepsTheSlotOfALeaver extends SoundEngine {
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    if (signal.aborted) return;
    this.takeSlot();
    this.check(request);
    for (const event of answer(request)) {
      await turn();
      if (signal.aborted) break;
      yield [event];
    }
    this.busy--;
  }
}
class AbortsNeighbours extends SoundEngine {
  readonly #all = new Set<AbortController>();
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    const own = new AbortController();
    this.#all.add(own);
    const abortAll = (): void => this.#all.forEach((one) => one.abort());
    signal.addEventListener('abort', abortAll);
    if (!signal.aborted) yield* super.generate(request, own.signal);
    signal.removeEventListener('abort', abortAll);
    this.#all.delete(own);
  }
}
class BreaksAfterALateAbort extends SoundEngine {
  #isBroken = false;
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    if (this.#isBroken) throw new EngineError('internal', 'broken');
    let isDone = false;
    signal.addEventListener('abort', () => (this.#isBroken ||= isDone && request.maxTokens === 200));
    yield* super.generate(request, signal);
    isDone = true;
  }
}
class MixesStreams extends SoundEngine {
  #last: GenerateRequest | undefined;
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    this.#last = request;
    await turn();
    yield* super.generate({ ...request, seed: this.#last.seed }, signal);
  }
}
class DrawsItsOwnSeed extends SoundEngine {
  #clock = 0;
  override generate(request: GenerateRequest, signal: AbortSignal): Batches {
    return super.generate({ ...request, seed: this.#clock++ }, signal);
  }
}
class CutsThePrompt extends SoundEngine {
  override generate(request: GenerateRequest, signal: AbortSignal): Batches {
    const text = request.prompt.type === 'text' ? request.prompt.text.slice(0, 100) : 'chat';
    return super.generate({ ...request, prompt: { type: 'text', text } }, signal);
  }
}
class BlamesItselfForALongPrompt extends SoundEngine {
  protected override check(request: GenerateRequest): void {
    try {
      super.check(request);
    } catch (cause) {
      throw new EngineError('internal', 'The engine answered 400.', { cause });
    }
  }
}
class ThrowsPlainErrors extends SoundEngine {
  protected override check(request: GenerateRequest): void {
    try {
      super.check(request);
    } catch (error) {
      throw new Error(String(error));
    }
  }
}
class DropsTheSchema extends SoundEngine {
  protected override check({ jsonSchema: _dropped, ...request }: GenerateRequest): void {
    super.check(request);
  }
}
class CountsCharacters extends SoundEngine {
  override async countTokens(prompt: EnginePrompt, _signal: AbortSignal): Promise<number> {
    return JSON.stringify(prompt).length;
  }
}
class SaysLoadingAgain extends SoundEngine {
  #asked = 0;
  override async health(signal: AbortSignal): Promise<EngineHealth> {
    return this.#asked++ > 0 ? { state: 'loading' } : super.health(signal);
  }
}
class ChangesItsDescription extends SoundEngine {
  #asked = 0;
  override async describe(signal: AbortSignal): Promise<EngineDescription> {
    return { ...(await super.describe(signal)), engineVersion: `sound-${this.#asked++}` };
  }
}
class EmbedsOneTooFew extends SoundEngine {
  override async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    return super.embed({ ...request, inputs: request.inputs.slice(1) }, signal);
  }
}
class EmbedsInReverse extends SoundEngine {
  #calls = 0;
  override async embed(request: EmbedRequest, signal: AbortSignal): Promise<EmbedResult> {
    const { embeddings, promptTokens } = await super.embed(request, signal);
    return { embeddings: embeddings.map(([width = 0]) => [width, 100 * this.#calls++]), promptTokens };
  }
}
class SortsScores extends SoundEngine {
  override async rerank(request: RerankRequest, signal: AbortSignal): Promise<RerankResult> {
    const { scores, promptTokens } = await super.rerank(request, signal);
    return { scores: scores.toSorted((a, b) => b - a), promptTokens };
  }
}
class EmbedsAfterAbort extends SoundEngine {
  override embed(request: EmbedRequest, _signal: AbortSignal): Promise<EmbedResult> {
    return super.embed(request, new AbortController().signal);
  }
}
class NeverNoticesTheKill extends SoundEngine {
  override kill(): void {
    // A crash that the adapter does not see: neither lost nor health nor the stream tell.
  }
}
class ForgetsToReportLoss extends SoundEngine {
  override readonly lost = new Promise<EngineError>(() => undefined);
}
class LeavesAnswersHanging extends SoundEngine {
  #isClosed = false;
  override async *generate(request: GenerateRequest, signal: AbortSignal): Batches {
    for await (const batch of super.generate(request, signal)) {
      yield batch;
      if (this.#isClosed) await new Promise(() => undefined);
    }
  }
  override async close(): Promise<void> {
    this.#isClosed = true;
  }
}
class ClosesOnce extends SoundEngine {
  #isClosed = false;
  override async close(): Promise<void> {
    if (this.#isClosed) await new Promise(() => undefined);
    this.#isClosed = true;
    await super.close();
  }
}
class WorksAfterClose extends SoundEngine {
  override async close(): Promise<void> {
    // Closes nothing.
  }
}
/** Timers that the mutant below leaves behind; the spec ends them. */
export const leftTimers: NodeJS.Timeout[] = [];
class LeavesATimer extends SoundEngine {
  override async close(): Promise<void> {
    leftTimers.push(setInterval(() => undefined, 60_000));
    await super.close();
  }
}

export const engineMutants: readonly EngineMutant[] = [
  misreport(
    'yields empty tokens',
    'EA-06',
    ifToken((text) => [text, '']),
  ),
  misreport(
    'never ends',
    'EA-02',
    ifEnd(() => []),
  ),
  misreport(
    'ends twice',
    'EA-02',
    ifEnd((end) => [end, end]),
  ),
  misreport(
    'goes on after the end',
    'EA-02',
    ifEnd((end) => [end, { type: 'token', text: 'more ' }]),
  ),
  misreport(
    'splits characters',
    'EA-03',
    ifToken((text) => text.split('')),
  ),
  misreport(
    'replaces characters',
    'EA-03',
    ifToken((text) => [text.replace(/[^\p{ASCII}]/u, '\uFFFD')]),
  ),
  engine('mixes parallel answers', 'EA-11', MixesStreams),
  engine('cuts a long prompt', 'EA-23', CutsThePrompt),
  engine('calls a long prompt an internal error', 'EA-23', BlamesItselfForALongPrompt),
  engine('throws plain errors', 'EA-23', ThrowsPlainErrors),
  misread('yields one token more', 'EA-24', (request) => ({ ...request, maxTokens: request.maxTokens + 1 })),
  misread('has a limit of its own', 'EA-24', (request) => ({ ...request, maxTokens: Math.min(5, request.maxTokens) })),
  misreport(
    'calls every end a limit',
    'EA-24b',
    ifEnd((end) => [{ ...end, finish: 'length' }]),
  ),
  misread('ignores stop strings', 'EA-25', (request) => ({ ...request, sampling: { ...request.sampling, stop: [] } })),
  misread('samples at temperature 0', 'EA-26', (request) => ({
    ...request,
    sampling: { ...request.sampling, temperature: 1 },
  })),
  engine('draws a seed of its own', 'EA-27', DrawsItsOwnSeed),
  misread('uses sixteen bits of the seed', 'EA-27b', (request) => ({ ...request, seed: request.seed % 2 ** 16 })),
  misread('ignores the seed', 'EA-29', (request) => ({ ...request, seed: 0 })),
  engine('drops a schema', 'EA-30', DropsTheSchema),
  misreport(
    'counts no prompt tokens',
    'EA-47',
    ifEnd((end) => [{ ...end, usage: { ...end.usage, promptTokens: 0 } }]),
  ),
  misreport(
    'counts too few tokens',
    'EA-47',
    ifEnd((end) => [{ ...end, usage: { ...end.usage, completionTokens: 1 } }]),
  ),
  engine('counts the prompt in two ways', 'EA-47', CountsCharacters),
  engine('starts although aborted', 'EA-33', StartsAborted),
  engine('ignores an abort before the first token', 'EA-34', IgnoresAbortBeforeTheFirstToken),
  engine('throws on abort', 'EA-34', ThrowsOnAbort),
  engine('ignores an abort', 'EA-33', IgnoresAbort),
  engine('looks at the signal once', 'EA-35', LooksAtSignalOnceOnly),
  engine('flushes after an abort', 'EA-35', FlushesAfterAbort),
  engine('keeps the slot after an abort', 'EA-35', KeepsTheSlotAfterAbort),
  engine('aborts its neighbours', 'EA-35b', AbortsNeighbours),
  engine('keeps the slot of a consumer that left', 'EA-35c', KeepsTheSlotOfALeaver),
  engine('breaks on an abort after the end', 'EA-36', BreaksAfterALateAbort),
  engine('says loading after ready', 'EA-40', SaysLoadingAgain),
  misdescribe('claims more slots than it was given', 'EA-42', { slots: 64 }),
  misdescribe('claims a seed of 64 bits', 'EA-42', { seedBits: 64 }),
  misdescribe('has no version', 'EA-42b', { engineVersion: '' }),
  misdescribe('names no workload', 'EA-42c', { workloads: [] }),
  misdescribe('honours no temperature', 'EA-42d', { features: { params: ['top_p', 'top_k'], chat: false } }),
  engine('changes its description', 'EA-42e', ChangesItsDescription),
  engine('embeds one input too few', 'EW-01', EmbedsOneTooFew),
  engine('embeds equal inputs differently', 'EW-01', EmbedsInReverse),
  engine('sorts its scores', 'EW-02', SortsScores),
  engine('embeds after an abort', 'EW-03', EmbedsAfterAbort),
  engine('does not notice a kill', 'EA-20', NeverNoticesTheKill),
  engine('does not report its loss', 'EA-20b', ForgetsToReportLoss),
  engine('leaves answers hanging when closed', 'EA-52', LeavesAnswersHanging),
  engine('closes only once', 'EA-52', ClosesOnce),
  engine('works after close', 'EA-52b', WorksAfterClose),
  engine('leaves a timer', 'EA-52c', LeavesATimer),
];
