import { type AdmissionEvent, type PolicyEvent, type RequestEvent, type ResponseEvent } from '../abi.js';
import { Address } from './address.js';
import { BodyView } from './body.js';
import { FindingsView } from './findings.js';
import { HeadersView } from './headers.js';
import { Method } from './method.js';
import { UrlView } from './url.js';

/** What all hooks know. `C` is the type of the settings. */
class Context<C, E extends PolicyEvent> {
  constructor(
    /** As the host sent it. */
    readonly event: E,
    readonly config: C,
  ) {}

  /** Unix ms; `Date` says the same. */
  get now(): number {
    return this.event.now;
  }

  /** Calls and bytes of this task so far. */
  get usage(): E['usage'] {
    return this.event.usage;
  }

  /** Session and tenant that it belongs to. */
  get session(): E['session'] {
    return this.event.session;
  }

  /** The task that it is made for; its id is null when there is none. */
  get task(): E['task'] {
    return this.event.task;
  }

  /** Who the caller says that it is. */
  get agent(): E['agent'] {
    return this.event.agent;
  }

  /** Ties it to logs, traces and audit. */
  get correlationId(): string {
    return this.event.correlationId;
  }
}

/** Asked before each outbound call, and before each hop of a redirect. */
export class RequestContext<C> extends Context<C, RequestEvent> {
  get url(): UrlView {
    return new UrlView(this.event.request.url);
  }

  get method(): Method {
    return new Method(this.event.request.method);
  }

  get headers(): HeadersView {
    return new HeadersView(this.event.request.headers);
  }

  get body(): BodyView {
    return new BodyView(this.event.request.body);
  }

  get findings(): FindingsView {
    return new FindingsView(this.event.request.findings);
  }

  /** All addresses of the host; the call goes to one of them. */
  get addresses(): readonly Address[] {
    return this.event.request.addresses.map((address) => new Address(address));
  }

  /** 0 for the first request, then one more with each redirect. */
  get hop(): number {
    return this.event.request.hop;
  }

  /** The URL that redirected here; undefined for the first request. */
  get redirectedFrom(): UrlView | undefined {
    const from = this.event.request.redirectedFrom;
    return from === null ? undefined : new UrlView(from);
  }

  /** Who calls: `http.fetch`, `search`, `download`, `verify`. */
  get tool(): RequestEvent['tool'] {
    return this.event.tool;
  }
}

/** Asked when the head of the answer and the facts of its body are known. */
export class ResponseContext<C> extends Context<C, ResponseEvent> {
  /** As sent. */
  get url(): UrlView {
    return new UrlView(this.event.request.url);
  }

  get method(): Method {
    return new Method(this.event.request.method);
  }

  get headers(): HeadersView {
    return new HeadersView(this.event.response.headers);
  }

  get body(): BodyView {
    return new BodyView(this.event.response.body);
  }

  get findings(): FindingsView {
    return new FindingsView(this.event.response.findings);
  }

  /** The HTTP status. */
  get status(): number {
    return this.event.response.status;
  }

  /** Where it came from. */
  get address(): Address {
    return new Address(this.event.response.address);
  }

  /** Milliseconds since this hop began. */
  get durationMs(): number {
    return this.event.response.durationMs;
  }

  get tool(): ResponseEvent['tool'] {
    return this.event.tool;
  }
}

/** Asked before a task is queued. */
export class AdmissionContext<C> extends Context<C, AdmissionEvent> {
  /** Model, priority, sizes and labels of the task. The prompt is not handed over. */
  get admission(): AdmissionEvent['admission'] {
    return this.event.admission;
  }
}
