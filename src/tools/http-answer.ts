import { type HttpToolAnswered, type HttpToolFailed, type HttpToolHead } from '@llama-orch/client';
import { type EgressFailure, type OutboundAnswer, type OutboundStream } from '../egress/egress.js';
import { bodyOf } from './body-text.js';

type Headers = OutboundAnswer['headers'];

/** The answer of the far side, as the wire has it. */
export function answered(answer: OutboundAnswer): HttpToolAnswered {
  const { body, truncated, bytes, auditSeq, cached = false } = answer;
  return {
    ...headWith(answer),
    ...bodyOf(body, valueOfHeader(answer.headers, 'content-type'), truncated),
    truncated,
    bytes,
    audit_seq: auditSeq,
    cached,
  };
}

export function headWith(answer: OutboundAnswer | OutboundStream): HttpToolHead {
  const { status, headers, finalUrl, policy, decisionId } = answer;
  return {
    status,
    headers: joined(headers),
    final_url: finalUrl,
    policy: policy ?? null,
    decision_id: decisionId,
  };
}

export function failureOf({ kind, message, auditSeq }: EgressFailure): HttpToolFailed {
  return { error: { kind, message }, audit_seq: auditSeq };
}

export function valueOfHeader(headers: Headers, name: string): string | undefined {
  return headers.find(([one]) => one.toLowerCase() === name)?.[1];
}

/** A header that came several times becomes one, as HTTP has it. */
export function joined(headers: Headers): Record<string, string> {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const known = values.get(key);
    if (known === undefined) values.set(key, [value]);
    else known.push(value);
  }
  return Object.fromEntries([...values].map(([name, all]) => [name, all.join(', ')]));
}
