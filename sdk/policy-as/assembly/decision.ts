import { JsonWriter } from './json/json-writer';

/** What becomes of what is redacted. */
export namespace Redact {
  /** All but the last four characters. */
  export const MASK = 'mask';
  /** The same text gives the same hash, within a tenant. */
  export const HASH = 'hash';
  export const DROP = 'drop';
  export const TOKENISE = 'tokenise';
}

/** An answer in the making. `answer(…)` gives it to the host. */
export class Decision {
  private labels: JsonWriter = new JsonWriter();
  private patches: JsonWriter = new JsonWriter();
  private redactions: JsonWriter = new JsonWriter();
  private hasLabels: bool = false;
  private hasPatches: bool = false;
  private hasRedactions: bool = false;

  constructor(
    private decision: string,
    private code: string,
    private reason: string,
    private hint: string,
    private limit: string = '',
  ) {}

  /** Goes into the record of the decision. */
  label(name: string, value: string): Decision {
    this.labels.name(name).text(value);
    this.hasLabels = true;
    return this;
  }

  setHeader(name: string, value: string): Decision {
    return this.patch('setHeader', name, value);
  }

  removeHeader(name: string): Decision {
    return this.patch('removeHeader', name);
  }

  setQuery(name: string, value: string): Decision {
    return this.patch('setQuery', name, value);
  }

  removeQuery(name: string): Decision {
    return this.patch('removeQuery', name);
  }

  setMethod(method: string): Decision {
    return this.patch('setMethod', '', method);
  }

  /** For admission: `interactive` or `batch`. */
  setPriority(priority: string): Decision {
    return this.patch('setPriority', '', priority);
  }

  /** For admission. */
  setLabel(name: string, value: string): Decision {
    return this.patch('setLabel', name, value);
  }

  /** Operations of a JSON Patch on the body, as a JSON list. */
  patchBody(operations: string): Decision {
    this.patches.beginObject().name('op').text('json').name('patch').raw(operations).endObject();
    this.hasPatches = true;
    return this;
  }

  /** Has what the host found redacted, by its class: `email`, `secret.*`. Target: `response` or `audit`. */
  redactClass(target: string, findings: string, how: string): Decision {
    return this.redact(target, 'class', findings, how);
  }

  /** Has what stands at a JSON Pointer redacted. */
  redactPointer(target: string, pointer: string, how: string): Decision {
    return this.redact(target, 'pointer', pointer, how);
  }

  toJson(): string {
    const json = new JsonWriter().beginObject().name('decision').text(this.decision);
    if (this.code.length > 0) json.name('code').text(this.code);
    if (this.reason.length > 0) json.name('reason').text(this.reason);
    if (this.hint.length > 0) json.name('hint').text(this.hint);
    if (this.hasLabels) json.name('labels').raw('{' + this.labels.toString() + '}');
    if (this.hasPatches) json.name('patch').raw('[' + this.patches.toString() + ']');
    if (this.hasRedactions) json.name('redact').raw('[' + this.redactions.toString() + ']');
    if (this.limit.length > 0) json.name('limit').raw(this.limit);
    return json.endObject().toString();
  }

  private patch(op: string, name: string, value: string | null = null): Decision {
    const json = this.patches.beginObject().name('op').text(op);
    if (name.length > 0) json.name('name').text(name);
    if (value !== null) json.name('value').text(value);
    json.endObject();
    this.hasPatches = true;
    return this;
  }

  private redact(target: string, by: string, what: string, how: string): Decision {
    const json = this.redactions.beginObject().name('target').text(target);
    json.name(by).text(what).name('how').text(how).endObject();
    this.hasRedactions = true;
    return this;
  }
}

export function allow(): Decision {
  return new Decision('allow', '', '', '');
}

/** The code is for programs (`A-Z 0-9 _`), the reason for people; the hint says what would pass. */
export function deny(code: string, reason: string, hint: string = ''): Decision {
  return new Decision('deny', code, reason, hint);
}

/** Lets the call through as it is after the patches that follow. */
export function modify(reason: string = ''): Decision {
  return new Decision('modify', '', reason, '');
}

/** Lets so many calls of this key through per span; the host counts. */
export function limit(key: string, rate: f64, perMs: f64, burst: f64 = rate, cost: f64 = 1): Decision {
  const json = new JsonWriter().beginObject().name('key').text(key).name('rate').number(rate);
  json.name('perMs').number(perMs).name('burst').number(burst).name('cost').number(cost).endObject();
  return new Decision('limit', '', '', '', json.toString());
}
