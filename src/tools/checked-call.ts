import { type CallHttpTool } from '@llama-orch/client';
import { type Violation, invalidParams } from '../kernel/errors.js';
import { headerViolations } from './call-headers.js';
import { allowedByBoth } from './media-types.js';
import { type Secret, type Secrets } from './secrets.js';
import { type ToolLimits } from './tool-limits.js';

/** A call whose body holds true: what the schema cannot say was looked at too. */
export interface CheckedCall {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array | undefined;
  readonly secrets: readonly Secret[];
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly allowedMimeTypes: readonly string[];
}

const MOST_BODY_BYTES = 1024 * 1024;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** @throws AppError `INVALID_PARAMS` with every violation */
export function checkedCall(call: CallHttpTool, limits: ToolLimits, known: Secrets): CheckedCall {
  const { method = 'GET', url, headers = {} } = call;
  const secrets = known.named(call.secrets ?? []);
  const mimeTypes = allowedByBoth(limits.allowed_mime_types, call.allowed_mime_types ?? []);
  const violations = [
    ...bodyViolations(call),
    ...headerViolations(headers),
    ...secrets.flatMap((secret, at) => clashOf(secret, at, headers)),
    ...overLimit('/max_bytes', call.max_bytes, limits.max_bytes, 'tools.max_bytes'),
    ...overLimit('/timeout_ms', call.timeout_ms, limits.timeout_ms, 'tools.timeout_ms'),
    ...(mimeTypes === undefined ? [nothingAllowed(limits)] : []),
  ];
  if (violations.length > 0) throw invalidParams(violations);
  return {
    method,
    url,
    headers: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    body: bytesOf(call),
    secrets,
    maxBytes: call.max_bytes ?? limits.max_bytes,
    timeoutMs: call.timeout_ms ?? limits.timeout_ms,
    allowedMimeTypes: mimeTypes ?? [],
  };
}

function bodyViolations({ method = 'GET', body, body_base64: base64 }: CallHttpTool): Violation[] {
  const pointer = base64 === undefined ? '/body' : '/body_base64';
  if (body === undefined && base64 === undefined) return [];
  if (method === 'GET' || method === 'HEAD') return [{ pointer, message: `is not sent with ${method}; leave it out` }];
  if (body !== undefined && base64 !== undefined)
    return [{ pointer, message: 'is there beside body; give one of them' }];
  if (base64 === undefined) return [];
  if (!BASE64.test(base64)) return [{ pointer, message: 'must be Base64 with its padding, without line breaks' }];
  const bytes = Buffer.byteLength(base64, 'base64');
  return bytes > MOST_BODY_BYTES ? [{ pointer, message: `must be at most ${MOST_BODY_BYTES} bytes decoded` }] : [];
}

function bytesOf({ body, body_base64: base64 }: CallHttpTool): Uint8Array | undefined {
  if (base64 !== undefined) return new Uint8Array(Buffer.from(base64, 'base64'));
  return body === undefined ? undefined : new TextEncoder().encode(body);
}

function clashOf(secret: Secret, at: number, headers: Readonly<Record<string, string>>): Violation[] {
  const clashes = Object.keys(headers).some((name) => name.toLowerCase() === secret.header);
  const message = `goes into the header ${secret.header}, which the call sets too; leave one out`;
  return clashes ? [{ pointer: `/secrets/${at}`, message }] : [];
}

function overLimit(pointer: string, value: number | undefined, most: number, key: string): Violation[] {
  return (value ?? 0) > most ? [{ pointer, message: `must be at most ${most}, which is ${key}` }] : [];
}

function nothingAllowed({ allowed_mime_types: allowed }: ToolLimits): Violation {
  const message = `allows nothing that the operator allows, which is ${allowed.join(', ')}`;
  return { pointer: '/allowed_mime_types', message };
}
