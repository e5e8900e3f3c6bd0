import { type Answers, erased, factsOf, type Judged } from './answers.js';
import { type Arrival, isFile, reasonOf } from './arrival.js';
import { type Errand } from './departure.js';
import { EgressFailure, type OutboundEnd, type OutboundStream } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { AppError } from '../kernel/errors.js';
import { Fault } from './fault.js';
import { valueOf } from './findings/text-body.js';
import { sentBytes } from './trail.js';

const TEXT_TYPES =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript|x-www-form-urlencoded|x-ndjson|yaml))/i;

/**
 * An answer that is passed on while it comes. Where something of the body has to be hidden, the body is read first: what
 * was passed on cannot be taken back.
 */
export class BodyStream {
  private readonly ended = Promise.withResolvers<OutboundEnd>();
  private bytes = 0;
  private truncated = false;
  private isBegun = false;

  constructor(
    private readonly parts: EgressParts,
    private readonly answers: Answers,
    private readonly errand: Errand,
    private readonly cancelDeadline: () => void,
  ) {}

  async open(arrival: Arrival): Promise<OutboundStream> {
    try {
      return await this.opened(arrival);
    } catch (error) {
      arrival.discard();
      throw error instanceof Fault ? await this.errand.trail.brokenOff(arrival.departure.hop, error) : error;
    }
  }

  private async opened(arrival: Arrival): Promise<OutboundStream> {
    const { departure, status } = arrival;
    const head = await this.answers.headOf(arrival, this.errand);
    this.checkAnnounced(arrival);
    const judged = await this.answers.judged({ ...head, body: undefined, truncated: false }, departure, this.errand);
    const { headers } = await this.answers.hidden(judged, departure, this.errand);
    const pieces = this.counted(erased(arrival, this.errand));
    const body = judged.rules.length > 0 ? this.hidden(pieces, judged, arrival) : this.clean(pieces, head.headers);
    this.endWithoutReader(arrival);
    return {
      ...factsOf(departure, judged),
      status,
      headers,
      body: this.told(body, judged, arrival),
      end: this.ended.promise,
    };
  }

  private async *hidden(
    pieces: AsyncIterable<Uint8Array>,
    judged: Judged,
    { departure }: Arrival,
  ): AsyncGenerator<Uint8Array> {
    const read: Uint8Array[] = [];
    for await (const piece of pieces) read.push(piece);
    const received = { ...judged.received, body: Buffer.concat(read), truncated: this.truncated };
    const { headers, body } = await this.answers.hidden({ ...judged, received }, departure, this.errand);
    yield this.answers.withoutKnown(body, valueOf(headers, 'content-type'));
  }

  private async *clean(pieces: AsyncIterable<Uint8Array>, headers: Arrival['headers']): AsyncGenerator<Uint8Array> {
    const isText = !isFile(this.errand.call) && TEXT_TYPES.test(valueOf(headers, 'content-type') ?? '');
    if (!isText) {
      yield* pieces;
      return;
    }
    const redaction = this.parts.redactor.stream();
    for await (const piece of pieces) yield redaction.push(piece);
    yield redaction.end();
  }

  /** Agents get what fits. A file that is too large is none at all. */
  private async *counted(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const { call } = this.errand;
    for await (const piece of pieces) {
      const left = call.maxBytes - this.bytes;
      this.truncated = piece.length > left;
      if (this.truncated && isFile(call)) throw this.tooLarge();
      this.bytes += Math.min(piece.length, left);
      yield piece.subarray(0, left);
      if (this.truncated) return;
    }
  }

  /** Writes down how it ended, whether it was read to the end, broke off, or was left. */
  private async *told(body: AsyncIterable<Uint8Array>, judged: Judged, arrival: Arrival): AsyncGenerator<Uint8Array> {
    const { trail, signal } = this.errand;
    const { hop } = arrival.departure;
    let auditSeq: number | undefined;
    this.isBegun = true;
    try {
      for await (const piece of body) if (piece.length > 0) yield piece;
    } catch (error) {
      const isWithheld = error instanceof AppError;
      const failure = isWithheld ? error : await trail.brokenOff(hop, reasonOf(error, signal), this.sizes(arrival));
      auditSeq = failure instanceof EgressFailure ? failure.auditSeq : arrival.departure.auditSeq;
      throw failure;
    } finally {
      arrival.discard();
      auditSeq ??= await trail.answered(hop, arrival.status, this.sizes(arrival), judged.decided);
      this.finish(auditSeq);
    }
  }

  /** Nobody has to begin to read; the deadline then ends it. */
  private endWithoutReader(arrival: Arrival): void {
    const end = () => {
      if (this.isBegun) return;
      arrival.discard();
      this.finish(arrival.departure.auditSeq);
    };
    this.errand.signal.addEventListener('abort', end, { once: true });
  }

  private finish(auditSeq: number): void {
    this.cancelDeadline();
    this.ended.resolve({ bytes: this.bytes, truncated: this.truncated, auditSeq });
  }

  private sizes({ departure }: Arrival) {
    return { bytesIn: this.bytes, bytesOut: sentBytes(departure.hop.step) };
  }

  private checkAnnounced({ headers }: Arrival): void {
    const announced = Number(valueOf(headers, 'content-length') ?? 0);
    if (isFile(this.errand.call) && announced > this.errand.call.maxBytes) throw this.tooLarge();
  }

  private tooLarge(): Fault {
    return new Fault('too_large', `the answer is larger than ${this.errand.call.maxBytes} bytes`);
  }
}
