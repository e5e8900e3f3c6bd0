import { type SourceCall } from '@llama-orch/plugin-sdk';
import { EgressFailure, type OutboundStream } from '../../egress/egress.js';
import { type Clock } from '../../kernel/clock.js';
import { AppError } from '../../kernel/errors.js';
import { type AnswerPlan, conditionOf, planFor } from './answer-plan.js';
import { FetchError } from './fetch-error.js';
import { type Meter } from './meter.js';
import { type Part } from './part.js';
import { type Header, type SourceDoor } from './source-door.js';
import { wait } from './wait.js';

export interface DownloadTools {
  readonly door: SourceDoor;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly retries: number;
  readonly retryMs: number;
  /** @throws FetchError when so many bytes more do not fit */
  readonly demandRoom: (bytes: number) => Promise<void>;
}

/** A file far away. */
export interface RemoteFile {
  /** For people. */
  readonly name: string;
  readonly sizeBytes: number | undefined;
  ask(): Promise<SourceCall>;
}

/** What an attempt led to. */
type Outcome =
  | { readonly type: 'complete' }
  | Extract<AnswerPlan, { readonly type: 'ask-for-all' | 'ask-anew' | 'try-again' | 'give-up' }>;

const MOST_BYTES = 16 * 1024 ** 4;
const LONGEST_WAIT_MS = 60_000;
const ROOM_STEP_BYTES = 64 * 1024 * 1024;
/** A key that was refused is asked for anew once; an answer that does not fit is asked for whole a few times. */
const MOST_SECOND_ASKS = 3;

/** Brings one file here, whatever the far side and the line do to it. */
export class Download {
  private idle = 0;
  private secondAsks = 0;
  private isForAll = false;

  constructor(
    private readonly file: RemoteFile,
    private readonly part: Part,
    private readonly tools: DownloadTools,
  ) {}

  /** All bytes are in the part then; whether they are the right ones is another question. @throws FetchError */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      const before = this.part.bytes;
      const outcome = await this.attempt(signal).catch((error: unknown) => outcomeOf(error, signal));
      if (outcome.type === 'complete') return;
      const hasMore = this.part.bytes > before;
      this.idle = hasMore ? 0 : this.idle + 1;
      if (hasMore) this.secondAsks = 0;
      await this.prepareNext(outcome, signal);
    }
  }

  private async prepareNext(outcome: Exclude<Outcome, { type: 'complete' }>, signal: AbortSignal): Promise<void> {
    const { why } = outcome;
    if (outcome.type === 'give-up') throw this.failure(outcome.kind, why);
    if (outcome.type === 'try-again') return this.waitBefore(outcome, signal);
    this.secondAsks += 1;
    if (this.secondAsks > (outcome.type === 'ask-anew' ? 1 : MOST_SECOND_ASKS))
      throw this.failure(outcome.type === 'ask-anew' ? 'denied' : 'broken_off', why);
    this.isForAll = outcome.type === 'ask-for-all';
  }

  private async waitBefore({ why, waitMs }: Extract<Outcome, { type: 'try-again' }>, signal: AbortSignal) {
    const { retries, retryMs, clock } = this.tools;
    if (this.idle > retries) throw this.failure('broken_off', why);
    const growing = retryMs * 2 ** Math.max(0, this.idle - 1);
    await wait(waitMs ?? Math.min(LONGEST_WAIT_MS, growing), clock, signal);
  }

  private async attempt(signal: AbortSignal): Promise<Outcome> {
    const { part, file } = this;
    if (!this.isForAll && part.bytes > 0 && part.bytes === file.sizeBytes) return { type: 'complete' };
    const from = this.placeToGoOn();
    const answer = await this.ask(from, signal);
    const asked = { from, held: part.bytes, known: part.validators, sizeBytes: file.sizeBytes };
    const plan = planFor(answer, asked);
    if (plan.type === 'go-on' || plan.type === 'from-the-start') return this.read(answer, plan);
    await leave(answer);
    return plan;
  }

  private placeToGoOn(): number | undefined {
    const { part, file, isForAll } = this;
    const isMore = file.sizeBytes !== undefined && part.bytes >= file.sizeBytes;
    return isForAll || part.bytes === 0 || isMore ? undefined : part.bytes;
  }

  private async ask(from: number | undefined, signal: AbortSignal): Promise<OutboundStream> {
    const call = await this.file.ask();
    return this.tools.door.stream(call, this.rangeHeaders(from), this.file.sizeBytes ?? MOST_BYTES, signal);
  }

  private rangeHeaders(from: number | undefined): readonly Header[] {
    if (from === undefined) return [];
    const condition = conditionOf(this.part.validators);
    return [['range', `bytes=${from}-`], ...(condition === undefined ? [] : [['if-range', condition] as const])];
  }

  private async read(
    { body }: OutboundStream,
    plan: Extract<AnswerPlan, { readonly type: 'go-on' | 'from-the-start' }>,
  ): Promise<Outcome> {
    const { part } = this;
    const { total } = plan.validators;
    await this.tools.demandRoom(Math.max(0, (total ?? 0) - part.bytes));
    if (plan.type === 'go-on') await part.goOn(plan.validators);
    else await part.fromTheStart(plan.validators);
    this.isForAll = false;
    await this.take(body, plan.length);
    if (total !== null && part.position !== total)
      return { type: 'try-again', why: 'the answer ended too early', waitMs: undefined };
    await part.endHere();
    return { type: 'complete' };
  }

  /** What is more than was announced belongs to nothing. */
  private async take(body: AsyncIterable<Uint8Array>, length = Infinity): Promise<void> {
    const { meter, demandRoom } = this.tools;
    let left = length;
    let untilLook = ROOM_STEP_BYTES;
    for await (const bytes of body) {
      meter.add(await this.part.take(bytes.subarray(0, left)));
      left -= bytes.length;
      untilLook -= bytes.length;
      if (left < 0) return;
      if (untilLook > 0) continue;
      untilLook = ROOM_STEP_BYTES;
      await demandRoom(0);
    }
  }

  private failure(kind: FetchError['kind'], why: string): FetchError {
    const { name } = this.file;
    const hints: Partial<Record<FetchError['kind'], string>> = {
      missing: 'check the ref',
      denied: 'give the source a key that may read it',
      broken_off: `${this.part.bytes} bytes are kept; try again to go on from there`,
      changed: 'try again, or name a revision that does not change',
    };
    return new FetchError(kind, `${name} was not fetched: ${why}; ${hints[kind] ?? 'try again'}`);
  }
}

/** Failures of the line are tried again; refusals, full disks and whoever calls it off are not. */
function outcomeOf(error: unknown, signal: AbortSignal): Outcome {
  signal.throwIfAborted();
  if (error instanceof EgressFailure) {
    if (error.kind === 'too_large')
      return { type: 'give-up', kind: 'changed', why: 'it is larger than its source lists' };
    if (error.kind === 'redirect') return { type: 'give-up', kind: 'broken_off', why: error.message };
    return { type: 'try-again', why: error.message, waitMs: undefined };
  }
  if (error instanceof AppError && error.code === 'QUOTA_EXCEEDED')
    return { type: 'try-again', why: error.message, waitMs: error.members.retry_after_ms };
  if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
    return { type: 'give-up', kind: 'no_space', why: 'the disk is full' };
  throw error;
}

async function leave({ body }: OutboundStream): Promise<void> {
  for await (const _ of body) return;
}
