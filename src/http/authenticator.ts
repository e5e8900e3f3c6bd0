import { type IncomingHttpHeaders } from 'node:http';
import { type KeyRecord, SCOPES, type Scope } from '../config/index.js';
import { type Caller } from '../admission/submission.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { keyIdOf, keyMatches } from '../kernel/key-hash.js';

export interface Identity {
  readonly caller: Caller;
  readonly scopes: readonly Scope[];
}

const EVERYBODY: Identity = { caller: { tenantId: 'default', keyId: null }, scopes: SCOPES };

/** Tells who calls, from the one key of a request. */
export class Authenticator {
  constructor(
    private readonly keys: readonly KeyRecord[],
    private readonly clock: Clock,
  ) {}

  /** True when anybody may call: no key is configured. */
  get open(): boolean {
    return this.keys.length === 0;
  }

  /** @throws AppError 401 without a key or with two, 403 for one that is unknown or expired */
  identify(headers: IncomingHttpHeaders): Identity {
    if (this.open) return EVERYBODY;
    const key = keyOf(headers);
    const record = this.find(key);
    if (record === undefined)
      throw new AppError('FORBIDDEN', 'the key is unknown; check it, or ask the operator for another');
    if (record.expires_ms !== undefined && record.expires_ms <= this.clock.epochMs()) {
      throw new AppError('FORBIDDEN', `the key ${record.id} has expired; ask the operator for another`);
    }
    return { caller: { tenantId: record.tenant, keyId: record.id }, scopes: record.scopes };
  }

  /** Only the record that the key names is tried when it names one. */
  private find(key: string): KeyRecord | undefined {
    const id = keyIdOf(key);
    const named = this.keys.filter((record) => record.id === id);
    const tried = named.length > 0 ? named : this.keys;
    let match: KeyRecord | undefined;
    for (const record of tried) if (keyMatches(key, record.hash)) match = record;
    return match;
  }
}

/** @throws AppError 403 when the scope is missing */
export function requireScope(identity: Identity, scope: Scope): void {
  if (identity.scopes.includes(scope)) return;
  throw new AppError('FORBIDDEN', `the key ${identity.caller.keyId} lacks the scope ${scope}; use a key that has it`);
}

function keyOf(headers: IncomingHttpHeaders): string {
  const bearer = /^bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  const plain = headers['x-api-key'];
  const apiKey = typeof plain === 'string' && plain !== '' ? plain : undefined;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) {
    throw unauthenticated('the request carries two different keys; send one');
  }
  const key = bearer ?? apiKey;
  if (key === undefined) throw unauthenticated('no key was sent; use Authorization: Bearer <key> or X-API-Key');
  return key;
}

function unauthenticated(message: string): AppError {
  return new AppError('UNAUTHENTICATED', message, { headers: { 'WWW-Authenticate': 'Bearer' } });
}
