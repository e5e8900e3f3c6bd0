import { Answers } from './answers.js';
import { type Arrival, Dialling, reasonOf } from './arrival.js';
import { type Departure, Departures, type Errand } from './departure.js';
import { Egress, type OutboundAnswer, type OutboundCall, type OutboundStream } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { Fault } from './fault.js';
import { normalise } from './guard/normalise.js';
import { Refusal } from './guard/refusal.js';
import { CallSecrets } from './redaction/call-secrets.js';
import { checkedHeaders, checkMethod } from './request/hygiene.js';
import { locationOf, redirected, type Step } from './request/redirect.js';
import { BodyStream, streamOf } from './body-stream.js';
import { Trail } from './trail.js';

/** The one door: a call goes through guard, policies and limits, then out, and again with each redirect. */
export class Outbound extends Egress {
  private readonly departures: Departures;
  private readonly dialling: Dialling;
  private readonly answers: Answers;

  constructor(private readonly parts: EgressParts) {
    super();
    this.departures = new Departures(parts);
    this.dialling = new Dialling(parts);
    this.answers = new Answers(parts);
  }

  override async send(call: OutboundCall, signal: AbortSignal): Promise<OutboundAnswer> {
    const deadline = this.deadline(call, signal);
    try {
      const errand = this.errandOf(call, deadline.signal);
      return await this.answers.whole(await this.travel(errand), errand);
    } finally {
      deadline.cancel();
    }
  }

  override async stream(call: OutboundCall, signal: AbortSignal): Promise<OutboundStream> {
    const deadline = this.deadline(call, signal);
    try {
      const errand = this.errandOf({ ...call, kept: undefined }, deadline.signal);
      const arrival = await this.travel(errand);
      if (this.answers.needsAll(call)) return await this.readFirst(arrival, errand, deadline.cancel);
      return await new BodyStream(this.parts, this.answers, errand, deadline.cancel).open(arrival);
    } catch (error) {
      deadline.cancel();
      throw error;
    }
  }

  override close(): Promise<void> {
    return this.dialling.close();
  }

  /** Whoever asks for a stream gets by no policy that a plain answer would have to pass. */
  private async readFirst(arrival: Arrival, errand: Errand, cancelDeadline: () => void): Promise<OutboundStream> {
    const answer = await this.answers.whole(arrival, errand);
    cancelDeadline();
    return streamOf(answer);
  }

  /** From hop to hop until there is an answer that leads nowhere else. */
  private async travel(errand: Errand): Promise<Arrival> {
    let step = await this.firstStep(errand);
    for (;;) {
      const departure = await this.departures.depart(step, errand);
      const arrival = await this.arrive(departure, errand);
      const location = locationOf(arrival.status, arrival.headers);
      if (location === undefined || errand.call.followRedirects === false) return arrival;
      step = await this.nextStep(arrival, location, errand);
    }
  }

  private async firstStep({ call, trail }: Errand): Promise<Step> {
    try {
      checkMethod(call.method);
      const headers = checkedHeaders(call.headers);
      const { method, body } = call;
      return { hop: 0, target: normalise(call.url), method, headers, body, redirectedFrom: undefined };
    } catch (error) {
      throw error instanceof Refusal ? await trail.refused(this.departures.newHop(undefined), error) : error;
    }
  }

  private async arrive(departure: Departure, errand: Errand): Promise<Arrival> {
    try {
      return await this.dialling.arrive(departure, errand);
    } catch (error) {
      throw await errand.trail.brokenOff(departure.hop, reasonOf(error, errand.signal));
    }
  }

  /** A redirect is an answer of its own, and what it asks for a call of its own. */
  private async nextStep({ departure, status, discard }: Arrival, location: string, { trail }: Errand): Promise<Step> {
    discard();
    await trail.answered(departure.hop, status, {});
    try {
      return redirected(departure.hop.step, status, location);
    } catch (error) {
      if (error instanceof Refusal) throw await trail.refused(departure.hop, error);
      throw error instanceof Fault ? await trail.failed(departure.hop, error, true) : error;
    }
  }

  private errandOf(call: OutboundCall, signal: AbortSignal): Errand {
    const secrets = new CallSecrets(this.parts.redactor);
    secrets.learn(call.secretHeaders.map(([, value]) => value));
    return { call, signal, secrets, trail: new Trail(this.parts, call, secrets), named: namedBy(call) };
  }

  private deadline({ timeoutMs }: OutboundCall, signal: AbortSignal) {
    const late = new AbortController();
    const fault = new Fault('timeout', `the call took longer than ${timeoutMs} ms`);
    const cancel = this.parts.clock.schedule(timeoutMs, () => late.abort(fault));
    return { signal: AbortSignal.any([signal, late.signal]), cancel };
  }
}

/** The address that stands in the configuration; undefined for what callers ask for. */
function namedBy({ url, isNamedByOperator }: OutboundCall): { host: string; port: number } | undefined {
  if (isNamedByOperator !== true) return undefined;
  try {
    const { host, port } = normalise(url).parts;
    return { host, port };
  } catch {
    return undefined;
  }
}
