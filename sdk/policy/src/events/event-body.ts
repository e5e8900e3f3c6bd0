import { createHash } from 'node:crypto';
import { type EventBody, type Json } from '../abi.js';

/** Larger bodies come without their value. */
const INLINE_BYTES = 64 * 1024;

/** A body as the host hands it over, and its bytes for what is asked through the handle. */
export interface MadeBody {
  readonly facts: EventBody;
  readonly bytes: Uint8Array;
}

export function jsonBody(value: Json, contentType = 'application/json'): MadeBody {
  return made(JSON.stringify(value), contentType, { form: 'json', value });
}

export function textBody(text: string, contentType = 'text/plain'): MadeBody {
  return made(text, contentType, { form: 'text', value: text });
}

function made(text: string, contentType: string, content: Pick<EventBody, 'form' | 'value'>): MadeBody {
  const bytes = new TextEncoder().encode(text);
  const facts = {
    handle: 1,
    bytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    contentType,
    truncated: false,
  };
  const inline = bytes.length > INLINE_BYTES ? ({ form: 'omitted', value: null } as const) : content;
  return { facts: { ...facts, ...inline }, bytes };
}
