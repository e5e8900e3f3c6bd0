import { type Arrival, decidedHop, isFile, reasonOf } from './arrival.js';
import { type Departure, type Errand } from './departure.js';
import { type Header } from './dial/exchange.js';
import { type OutboundAnswer, type OutboundCall } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { policyFacts } from './policy-facts.js';
import { mimeTypeIsRefused } from './request/mime.js';
import { textBodyOf, valueOf } from './findings/text-body.js';
import { atOnce, inTurns, type Work } from './findings/work.js';
import { RedactionFailed, redactedAnswer, rulesOf } from './redaction/redact-answer.js';
import { type HidingRule } from './redaction/redact-text.js';
import { withoutHopByHop, withoutSentBytes } from './request/hygiene.js';
import { type AskedResponse, askedResponse, patchedAnswer, type Received } from './request/asked-response.js';
import { type Decided, sentBytes, type Trail } from './trail.js';
import { type ChainOutcome } from '../policy-host/sandbox/chain.js';
import { Refusal } from './guard/refusal.js';

const PIECE_BYTES = 64 * 1024;

/** A head without what belongs to the connection, and without the secrets that were sent. */
export interface CleanHead {
  readonly status: number;
  readonly headers: readonly Header[];
}

/** What response policies left of an answer, and what has to be hidden in it. */
export interface Judged {
  readonly received: Received;
  readonly decided: Decided | undefined;
  readonly rules: readonly HidingRule[];
}

/** From the head that came to what the caller gets: media types, response policies, redaction, audit. */
export class Answers {
  constructor(private readonly parts: EgressParts) {}

  /** Somebody decides about answers of this kind by all of them; files are too large for that. */
  needsAll(call: OutboundCall): boolean {
    return !isFile(call) && policyFacts(this.parts.policies).judgesAnswers;
  }

  /** @throws AppError `POLICY_DENIED` for a media type that this call may not have */
  async headOf({ status, headers, departure, discard }: Arrival, { call, trail, secrets }: Errand): Promise<CleanHead> {
    const clean = this.cleanHeaders(withoutHopByHop(headers).map(([name, value]) => [name, secrets.erased(value)]));
    const type = valueOf(clean, 'content-type');
    if (!mimeTypeIsRefused(type, call)) return { status, headers: clean };
    discard();
    const reason = `the answer has a media type that this call may not have: ${(type ?? 'none').slice(0, 100)}`;
    throw await trail.withheld(departure.hop, 'MIME_NOT_ALLOWED', reason, 'see tools.allowed_mime_types', {});
  }

  /** Reads the whole answer, up to what the call takes. */
  async whole(arrival: Arrival, errand: Errand): Promise<OutboundAnswer> {
    const { call, trail, signal } = errand;
    const { departure } = arrival;
    const head = await this.headOf(arrival, errand);
    const read = await collected(arrival, errand).catch(async (error: unknown) => {
      throw await trail.brokenOff(departure.hop, reasonOf(error, signal));
    });
    const judged = await this.judged({ ...head, ...read }, departure, errand);
    if (!arrival.isKept && !read.truncated) call.kept?.keep(decidedHop(departure), { ...head, body: read.body });
    return this.finished(judged, arrival, errand, read.bytes);
  }

  /** Response policies, asked about what is known of the answer. @throws AppError `POLICY_DENIED` */
  async judged(received: Received, departure: Departure, { call, trail }: Errand): Promise<Judged> {
    if (!this.parts.policies.has('on_response'))
      return { received: asCallersSee(received, call), decided: undefined, rules: [] };
    const { hop } = departure;
    const asked = askedResponse(received, departure, { call, decisionId: hop.decisionId, parts: this.parts });
    const outcome = await this.parts.policies.decide(asked.call);
    const decided = { call: asked.call, outcome, notReplayable: asked.notReplayable };
    if (outcome.decision === 'deny') throw await trail.denied(hop, decided);
    const rules = isFile(call) ? [] : rulesOf(outcome.redactions, 'response');
    return {
      received: asCallersSee(await this.patched(asked, outcome, { received, departure, trail }), call),
      decided,
      rules,
    };
  }

  private async patched(
    asked: AskedResponse,
    outcome: ChainOutcome,
    { received, departure, trail }: { received: Received; departure: Departure; trail: Trail },
  ): Promise<Received> {
    try {
      return patchedAnswer(received, asked, outcome);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw await trail.withheld(departure.hop, 'PATCH_FAILED', error.message, 'ask for another representation', {});
    }
  }

  /** @throws AppError `POLICY_DENIED` when something has to be hidden and cannot be found */
  async hidden({ received, rules }: Judged, departure: Departure, { call, trail }: Errand) {
    const key = { key: this.parts.key, tenant: call.caller.tenant };
    const { headers, body = new Uint8Array(), truncated } = received;
    try {
      return await inTurns(redactedAnswer({ headers, body, truncated }, rules, key), this.now);
    } catch (error) {
      if (!(error instanceof RedactionFailed)) throw error;
      const hint = 'ask for less, or for another representation';
      throw await trail.withheld(departure.hop, 'REDACTION_FAILED', error.message, hint, { bytesIn: body.length });
    }
  }

  private async finished(judged: Judged, arrival: Arrival, errand: Errand, bytes: number): Promise<OutboundAnswer> {
    const { departure, status } = arrival;
    const hidden = await this.hidden(judged, departure, errand);
    const { headers } = hidden;
    const type = valueOf(headers, 'content-type');
    const body = isFile(errand.call)
      ? hidden.body
      : await this.withoutKnown(hidden.body, type, judged.received.truncated);
    const sizes = { bytesIn: bytes, bytesOut: sentBytes(departure.hop.step) };
    const auditSeq = await errand.trail.answered(departure.hop, status, sizes, judged.decided);
    const { truncated } = judged.received;
    const facts = factsOf(departure, judged, errand);
    return { ...facts, status, headers, body, truncated, bytes, auditSeq, cached: arrival.isKept };
  }

  /** What the redactor knows as a secret does not reach agents, whoever repeats it. */
  private async withoutKnown(body: Uint8Array, contentType: string | null, isCut: boolean): Promise<Uint8Array> {
    const isText = typeof textBodyOf(body, contentType) === 'object';
    return inTurns(this.redacted(body, isText ? 'text' : 'bytes', isCut), this.now);
  }

  /** Nearly always there is nothing in them, so all are looked at as one text first. */
  private cleanHeaders(headers: readonly Header[]): readonly Header[] {
    const isClean = (text: string) => this.cleanText(text) === text;
    if (isClean(headers.map(([, value]) => value).join('\n'))) return headers;
    return headers.map(([name, value]) => [name, this.cleanText(value)]);
  }

  private cleanText(text: string): string {
    return Buffer.from(atOnce(this.redacted(Buffer.from(text, 'latin1')))).toString('latin1');
  }

  private *redacted(bytes: Uint8Array, kind: 'text' | 'bytes' = 'text', isCut = false): Work<Uint8Array> {
    const stream = this.parts.redactor.stream(kind);
    const clean: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      clean.push(stream.push(bytes.subarray(at, at + PIECE_BYTES)));
      yield;
    }
    return Buffer.concat([...clean, stream.end(isCut)]);
  }

  private readonly now = () => this.parts.clock.now();
}

/** A file comes as it was sent, so that its length is true; a body that was decoded has another one. */
function asCallersSee(received: Received, call: OutboundCall): Received {
  const isAsSent = isFile(call) && valueOf(received.headers, 'content-encoding') === null;
  return isAsSent ? received : { ...received, headers: withoutSentBytes(received.headers) };
}

/** What a caller learns of the decisions. */
export function factsOf({ hop, outcome }: Departure, { decided }: Judged, { secrets }: Errand) {
  const { by, decision } = outcome;
  return {
    // A far side that redirects chooses it.
    finalUrl: secrets.erased(hop.step.target.url.href),
    decisionId: hop.decisionId,
    policy: by === undefined ? undefined : { id: by.policy, version: by.version, decision },
    outcomes: [...outcome.outcomes, ...(decided?.outcome.outcomes ?? [])],
  };
}

/** The body in clear and without the secrets that were sent. */
export async function* erased({ pieces }: Arrival, { call, secrets }: Errand): AsyncGenerator<Uint8Array> {
  const erasing = secrets.stream(isFile(call));
  for await (const piece of pieces) yield erasing.push(piece);
  yield erasing.end();
}

async function collected(arrival: Arrival, errand: Errand) {
  const { maxBytes } = errand.call;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of erased(arrival, errand)) {
    pieces.push(piece.subarray(0, maxBytes - bytes));
    bytes += piece.length;
    if (bytes > maxBytes) break;
  }
  return { body: Buffer.concat(pieces), bytes: Math.min(bytes, maxBytes), truncated: bytes > maxBytes };
}
