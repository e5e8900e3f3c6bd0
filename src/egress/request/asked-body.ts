import { createHash } from 'node:crypto';
import { type EventBody, type Finding, type Json } from '@llama-orch/policy-sdk/abi';
import { type Masks } from '../findings/masks.js';
import { isJsonType, textBodyOf, UNREADABLE } from '../findings/text-body.js';
import { effortLeft, READABLE } from './effort.js';

/** There is one body in a call. */
export const BODY_HANDLE = 1;
/** Larger ones are not looked into: that would keep everybody else waiting. */
const MOST_SCANNED_BYTES = 64 * 1024;

/** A body as it came. */
export interface PlainBody {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  readonly truncated: boolean;
}

/** A body as policies see it. */
export interface MaskedBody {
  readonly facts: Omit<EventBody, 'form' | 'value'>;
  /** Its text with secrets masked; undefined for what was not looked into. */
  readonly text: string | undefined;
  readonly isJson: boolean;
  /** What the handle reads: undefined where secrets may stand in it. */
  readonly bytes: Uint8Array | undefined;
}

/**
 * Masks what is text of up to 64 KiB. Of all else there are the facts, and a finding that says so.
 * @param isRead false: no policy is asked
 */
export function maskedBody(body: PlainBody, masks: Masks, isRead: boolean): MaskedBody {
  const { bytes, contentType, truncated } = body;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const facts = { handle: BODY_HANDLE, bytes: bytes.length, sha256, contentType, truncated };
  const text = isRead ? textOf(body) : undefined;
  if (text === undefined) {
    masks.unscanned(sha256);
    return { facts, text, isJson: false, bytes: masks.isRaw ? bytes : undefined };
  }
  const json = truncated ? undefined : masks.json(text, '/body');
  const shown = json ?? masks.text(text, { part: '/body' });
  return { facts, text: shown, isJson: json !== undefined && isDocument(json, contentType), bytes: Buffer.from(shown) };
}

/** The body of an event. Its value goes along where reading it, and the rest, leaves a policy enough fuel to decide. */
export function bodyOfEvent(
  { facts, text, isJson }: MaskedBody,
  head: object,
  findings: readonly Finding[],
): EventBody {
  const value = text === undefined ? null : isJson ? (JSON.parse(text) as Json) : text;
  const isReadable =
    text !== undefined && effortLeft([head as Json, findings as unknown as Json, value], READABLE) >= 0;
  if (!isReadable) return { ...facts, form: 'omitted', value: null };
  return { ...facts, form: isJson ? 'json' : 'text', value };
}

function textOf({ bytes, contentType }: PlainBody): string | undefined {
  if (bytes.length > MOST_SCANNED_BYTES) return undefined;
  const read = textBodyOf(bytes, contentType);
  return read === undefined || read === UNREADABLE ? undefined : read.text;
}

/** A JSON document is one whatever it is called; a lone word or number only where it is called so. */
function isDocument(json: string, contentType: string | null): boolean {
  return isJsonType(contentType) || /^\s*[[{]/.test(json);
}
