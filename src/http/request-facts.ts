import { randomUUID } from 'node:crypto';
import { type FastifyRequest } from 'fastify';
import { type Scope } from '../config/index.js';
import { type Caller } from '../admission/submission.js';

/** What the edge knows of a request before any route runs. */
export interface RequestFacts {
  readonly correlationId: string;
  /** True when the correlation id is the caller's own. */
  readonly correlationGiven: boolean;
  /** Monotonic ms. */
  readonly receivedAt: number;
  caller: Caller;
  scopes: readonly Scope[];
}

declare module 'fastify' {
  interface FastifyRequest {
    facts: RequestFacts;
  }
}

const CORRELATION_ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** The caller's correlation id when it is valid, else a fresh one. */
export function correlationOf(request: FastifyRequest): Pick<RequestFacts, 'correlationId' | 'correlationGiven'> {
  const given = request.headers['x-correlation-id'];
  if (typeof given === 'string' && CORRELATION_ID.test(given)) return { correlationId: given, correlationGiven: true };
  return { correlationId: randomUUID(), correlationGiven: false };
}
