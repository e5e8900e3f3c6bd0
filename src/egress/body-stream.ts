import { type Answers, erased, factsOf, type Judged } from './answers.js';
import { type Arrival, isFile, reasonOf } from './arrival.js';
import { type Errand } from './departure.js';
import { EgressFailure, type OutboundAnswer, type OutboundEnd, type OutboundStream } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { Fault } from './fault.js';
import { valueOf } from './findings/text-body.js';
import { sentBytes } from './trail.js';

const PIECE_BYTES = 64 * 1024;
const TEXT_TYPES =
  /^(?:text\/|application\/(?:[\w.-]+\+)?(?:json|xml|javascript|x-www-form-urlencoded|x-ndjson|yaml))/i;

/**
 * An answer that is passed on while it comes: of what was passed on nothing can be refused or hidden, so nobody decides
 * about its body.
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
    await this.checkNothingToHide(judged, arrival);
    const body = this.clean(this.counted(erased(arrival, this.errand)), head.headers);
    this.endWithoutReader(judged, arrival);
    return {
      ...factsOf(departure, judged, this.errand),
      status,
      headers: judged.received.headers,
      body: this.told(body, judged, arrival),
      end: this.ended.promise,
    };
  }

  /** Policies that were swapped in since the call began may ask for what cannot be done any more. */
  private async checkNothingToHide({ rules }: Judged, { departure }: Arrival): Promise<void> {
    if (rules.length === 0) return;
    const reason = 'a policy hides parts of answers, and this one is passed on as it comes';
    throw await this.errand.trail.withheld(departure.hop, 'REDACTION_FAILED', reason, 'call again', {});
  }

  private async *clean(pieces: AsyncIterable<Uint8Array>, headers: Arrival['headers']): AsyncGenerator<Uint8Array> {
    if (isFile(this.errand.call)) {
      yield* pieces;
      return;
    }
    const isText = TEXT_TYPES.test(valueOf(headers, 'content-type') ?? '');
    const redaction = this.parts.redactor.stream(isText ? 'text' : 'bytes');
    for await (const piece of pieces) yield redaction.push(piece);
    yield redaction.end(this.truncated);
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
      const failure = await trail.brokenOff(hop, reasonOf(error, signal), this.sizes(arrival), judged.decided);
      auditSeq = seqOf(failure, arrival);
      throw failure;
    } finally {
      arrival.discard();
      auditSeq ??= await trail.answered(hop, arrival.status, this.sizes(arrival), judged.decided);
      this.finish(auditSeq);
    }
  }

  /** Nobody has to begin to read; deadline or caller then end it, and leave its row. */
  private endWithoutReader(judged: Judged, arrival: Arrival): void {
    const { trail, signal } = this.errand;
    const end = async () => {
      if (this.isBegun) return;
      arrival.discard();
      const { hop } = arrival.departure;
      const failure = await trail
        .brokenOff(hop, signal.reason, this.sizes(arrival), judged.decided)
        .catch((error: unknown) => error);
      this.finish(seqOf(failure, arrival));
    };
    signal.addEventListener('abort', () => void end(), { once: true });
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

function seqOf(failure: unknown, { departure }: Arrival): number {
  return failure instanceof EgressFailure ? failure.auditSeq : departure.auditSeq;
}

/** An answer that had to be read first, as a stream. */
export function streamOf({ body, bytes, truncated, auditSeq, ...head }: OutboundAnswer): OutboundStream {
  return { ...head, body: piecesOf(body), end: Promise.resolve({ bytes, truncated, auditSeq }) };
}

async function* piecesOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += PIECE_BYTES) yield body.subarray(at, at + PIECE_BYTES);
}
