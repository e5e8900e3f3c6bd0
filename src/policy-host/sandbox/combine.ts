import { type Decision, type PolicyEvent } from '@llama-orch/policy-sdk/abi';
import { type ChainOutcome, type PolicyOutcome } from './chain.js';
import { type Patched } from './patch/patches.js';
import { isElsewhere } from './patch/url.js';

export const NO_POLICY = 'NO_POLICY';

/** What one outcome says; undefined for one that says nothing: in monitor mode, or an error that is skipped. */
interface Vote {
  readonly outcome: PolicyOutcome;
  readonly says: 'allow' | 'deny' | 'modify';
  readonly code: string;
  readonly reason: string;
  readonly hint: string | undefined;
}

const CODES = { allow: 'ALLOWED', deny: 'DENIED', modify: 'MODIFIED' } as const;

/**
 * Any deny wins, then limits, then patches in order, then allow. `before` is the event as it was asked, `after` as the
 * chain left it.
 */
export function combine(
  outcomes: readonly PolicyOutcome[],
  before: PolicyEvent,
  after: Patched,
): Omit<ChainOutcome, 'latencyUs'> {
  const votes = outcomes.flatMap((outcome) => voteOf(outcome) ?? []);
  const deciding =
    votes.find(({ says }) => says === 'deny') ?? votes.findLast(({ says }) => says === 'modify') ?? votes.at(-1);
  const isDenied = deciding?.says === 'deny';
  const counting = votes.flatMap(({ outcome }) => outcome.decision ?? []);
  return {
    decision: deciding?.says ?? 'allow',
    code: deciding?.code ?? NO_POLICY,
    reason: deciding?.reason ?? 'No policy was asked.',
    hint: deciding?.hint,
    by: deciding && nameOf(deciding.outcome),
    event: isDenied ? before : after.event,
    body: isDenied ? undefined : after.body,
    moved: !isDenied && hasMoved(before, after.event),
    limits: isDenied ? [] : counting.flatMap(({ limit }) => limit ?? []),
    redactions: counting.flatMap(({ redact }) => redact ?? []),
    labels: Object.assign({}, ...counting.map(({ labels }) => labels ?? {})) as Record<string, string>,
    outcomes,
  };
}

function voteOf(outcome: PolicyOutcome): Vote | undefined {
  if (!outcome.counts) return undefined;
  return outcome.error === undefined ? voteOfDecision(outcome) : voteOfError(outcome, outcome.error);
}

function voteOfDecision(outcome: PolicyOutcome): Vote | undefined {
  const { decision } = outcome;
  if (decision === undefined) return undefined;
  const says = verbOf(decision);
  return { outcome, says, code: decision.code ?? CODES[says], reason: decision.reason ?? '', hint: decision.hint };
}

/** A limit allows, as long as its rate does. */
function verbOf({ decision, patch = [] }: Decision): Vote['says'] {
  if (decision === 'deny') return 'deny';
  return decision === 'modify' || patch.length > 0 ? 'modify' : 'allow';
}

function voteOfError(outcome: PolicyOutcome, { code, message }: NonNullable<PolicyOutcome['error']>): Vote | undefined {
  if (outcome.onError === 'skip') return undefined;
  return { outcome, says: outcome.onError, code, reason: message, hint: undefined };
}

function nameOf({ policy, version, digest }: PolicyOutcome): NonNullable<ChainOutcome['by']> {
  return { policy, version, digest };
}

function hasMoved(before: PolicyEvent, after: PolicyEvent): boolean {
  if (before.kind !== 'http.request' || after.kind !== 'http.request') return false;
  return isElsewhere(before.request.url, after.request.url);
}
