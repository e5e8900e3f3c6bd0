import { type EventBody, type Json } from '../abi.js';
import { ask, canAsk } from '../host.js';
import { valueAt } from './json-pointer.js';

/** A body, or that there is none. Bodies over 64 KiB or of no text come without their value. */
export class BodyView {
  constructor(private readonly body: EventBody | null) {}

  /** There is a body. */
  get isPresent(): boolean {
    return this.body !== null;
  }

  /** 0 when there is none. */
  get bytes(): number {
    return this.body?.bytes ?? 0;
  }

  /** Without parameters, in lower case: `application/json`. */
  get contentType(): string | undefined {
    return this.body?.contentType?.split(';')[0]?.trim().toLowerCase();
  }

  /** Hex. */
  get sha256(): string | undefined {
    return this.body?.sha256;
  }

  /** `omitted`: its parts are there through {@link BodyView.get} when the policy declares `json_get`. */
  get form(): EventBody['form'] | undefined {
    return this.body?.form;
  }

  /** The parsed value of a JSON body that came whole; undefined for any other. */
  get json(): Json | undefined {
    return this.body?.form === 'json' ? this.body.value : undefined;
  }

  /** The text of a body that came whole and is no JSON; undefined for any other. */
  get text(): string | undefined {
    return this.body?.form === 'text' ? (this.body.value as string) : undefined;
  }

  /** What stands at a JSON Pointer; undefined when nothing does, or the value is out of reach. */
  get(pointer: string): Json | undefined {
    if (this.body === null) return undefined;
    if (this.body.form === 'json') return valueAt(this.body.value, pointer);
    if (this.body.form !== 'omitted' || !canAsk('json_get')) return undefined;
    const found = ask('json_get', this.body.handle, pointer);
    return found === null ? undefined : (JSON.parse(found as string) as Json);
  }

  /** Bytes of a body as text, for policies that declare `body_read`; undefined when there is no body. */
  read(offset: number, length: number): string | undefined {
    if (this.body === null) return undefined;
    return (ask('body_read', this.body.handle, offset, length) as string | null) ?? undefined;
  }
}
