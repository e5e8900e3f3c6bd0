import { type AddressClass, type Finding, type Json, type PolicyHook } from '../abi.js';
import { addressOf, type FilledEvent, fillEvent } from '../events/fill-event.js';
import { type JsonObject } from '../schema/schema.js';

/** An event under construction: members that are not said are those of an ordinary call. Each step answers a new one. */
export class EventBuilder {
  constructor(
    readonly hook: PolicyHook,
    protected readonly part: JsonObject,
    /** Settings over the defaults of the policy. */
    readonly config: JsonObject = {},
  ) {}

  /** All members, and the bytes of the bodies. */
  build(): FilledEvent {
    return fillEvent(this.hook, this.part);
  }

  /** Settings over the defaults. */
  withConfig(config: JsonObject): this {
    return this.made(this.part, config);
  }

  /** Unix ms, or a date in text. */
  at(now: number | string): this {
    return this.with({ now: typeof now === 'number' ? now : Date.parse(now) });
  }

  /** What the task has called before; 0 unless said. */
  usage(usage: { readonly callsInTask?: number; readonly bytesOut?: number }): this {
    return this.with({ usage });
  }

  /** The session that the call belongs to; none unless said. */
  session(session: {
    readonly id?: string;
    readonly tenant?: string;
    readonly labels?: Readonly<Record<string, string>>;
  }): this {
    return this.with({ session });
  }

  /** The task that the call is made for; none unless said. */
  task(task: {
    readonly id?: string;
    readonly attempt?: number;
    readonly labels?: Readonly<Record<string, string>>;
  }): this {
    return this.with({ task });
  }

  /** `http.fetch` unless said. */
  tool(name: string): this {
    return this.with({ tool: { name, version: '1.0.0' } });
  }

  /** Any members, over those that are there. */
  with(members: JsonObject): this {
    return this.made({ ...this.part, ...members }, this.config);
  }

  /** A builder of the same kind. */
  protected made(part: JsonObject, config: JsonObject): this {
    return new (this.constructor as typeof EventBuilder)(this.hook, part, config) as this;
  }

  /** Members of one part of the event, over those that are there. */
  protected within(name: string, members: JsonObject): this {
    return this.with({ [name]: { ...((this.part[name] ?? {}) as JsonObject), ...members } });
  }
}

/** A call, with what an `on_request` event knows of it. */
class RequestBuilder extends EventBuilder {
  /** A JSON body. */
  json(value: Json): this {
    return this.within('request', { json: value });
  }

  /** A body of text. */
  text(text: string): this {
    return this.within('request', { text });
  }

  /** Names in any case. */
  headers(headers: Readonly<Record<string, string>>): this {
    return this.within('request', { headers });
  }

  /** What the host's name leads to; public unless it says otherwise or the address does. */
  addresses(...ips: readonly (string | { readonly ip: string; readonly class: AddressClass })[]): this {
    const addresses = ips.map((one) => (typeof one === 'string' ? addressOf(one) : addressOf(one.ip, one.class)));
    return this.within('request', { addresses });
  }

  /** What the host found: classes, or findings in parts. */
  findings(...findings: readonly (string | Partial<Finding>)[]): this {
    return this.within('request', { findings });
  }

  /** The URL that redirected here; the call is then the second hop. */
  redirectedFrom(url: string): this {
    return this.within('request', { redirectedFrom: url });
  }
}

/** An answer, with what an `on_response` event knows of it. */
class ResponseBuilder extends EventBuilder {
  /** The call that it answers. */
  to(method: string, url: string): this {
    return this.within('request', { method, url });
  }

  /** A JSON body. */
  json(value: Json): this {
    return this.within('response', { json: value });
  }

  /** A body of text. */
  text(text: string, contentType = 'text/plain'): this {
    return this.within('response', { text, body: { contentType } });
  }

  /** Names in any case. */
  headers(headers: Readonly<Record<string, string>>): this {
    return this.within('response', { headers });
  }

  /** What the host found: classes, or findings in parts. */
  findings(...findings: readonly (string | Partial<Finding>)[]): this {
    return this.within('response', { findings });
  }
}

/** A task, with what an `on_admission` event knows of it. */
class AdmissionBuilder extends EventBuilder {
  /** Labels that the task is submitted with. */
  labels(labels: Readonly<Record<string, string>>): this {
    return this.within('admission', { labels });
  }
}

const asking = (method: string) => (url: string) => new RequestBuilder('on_request', { request: { method, url } });

/** An outbound call before it is made: `request.post('https://example.com').json({ a: 1 })`. */
export const request = {
  get: asking('GET'),
  head: asking('HEAD'),
  post: asking('POST'),
  put: asking('PUT'),
  patch: asking('PATCH'),
  delete: asking('DELETE'),
} as const;

/** The answer to a call: `response(200).json({ user: 'x' })`. */
export function response(status = 200): ResponseBuilder {
  return new ResponseBuilder('on_response', { response: { status } });
}

/** A task before it is queued: `admission({ maxTokens: 100_000 })`. */
export function admission(task: JsonObject = {}): AdmissionBuilder {
  return new AdmissionBuilder('on_admission', { admission: task });
}

/** A case of cases.json. */
export function eventOfCase(hook: PolicyHook, event: JsonObject, config: JsonObject = {}): EventBuilder {
  return new EventBuilder(hook, event, config);
}
