import { type Json, type PolicyEvent, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type ChainCall, type ChainOutcome, type PolicyOutcome } from './sandbox/chain.js';

/** What a decision was made from: enough to explain it, to decide it again, and to ask another version of the policy. */
export interface PolicyRecord {
  readonly kind: 'policy';
  readonly hook: PolicyHook;
  /** As the first policy saw it, without settings; its mode is what `counts` of an outcome tells. */
  readonly event: PolicyEvent;
  readonly counters: Readonly<Record<string, number>>;
  readonly decision: ChainOutcome['decision'];
  readonly code: string;
  readonly reason: string;
  readonly hint: string | null;
  /** The policy that decided; null when none was asked. */
  readonly by: string | null;
  readonly outcomes: readonly RecordedOutcome[];
  /** Why it cannot be decided again to the letter; null when it can. */
  readonly not_replayable: string | null;
}

export type RecordedOutcome = Pick<
  PolicyOutcome,
  'policy' | 'version' | 'digest' | 'counts' | 'onError' | 'fuel' | 'hostResults' | 'config' | 'limits'
> & {
  /** As the policy gave it; null after an error. */
  readonly decision: Json;
  readonly error: { readonly code: string; readonly message: string } | null;
};

/**
 * The record of one call. Make it from an event that is redacted already: what redaction changes afterwards makes the
 * record `not_replayable`, and the caller says so.
 */
export function recordOf(call: ChainCall, outcome: ChainOutcome, notReplayable: string | null = null): PolicyRecord {
  return {
    kind: 'policy',
    hook: call.hook,
    event: { ...call.event, mode: 'enforce', config: {} },
    counters: call.counters,
    decision: outcome.decision,
    code: outcome.code,
    reason: outcome.reason,
    hint: outcome.hint ?? null,
    by: outcome.by?.policy ?? null,
    outcomes: outcome.outcomes.map(recorded),
    not_replayable: notReplayable,
  };
}

function recorded({
  policy,
  version,
  digest,
  counts,
  onError,
  fuel,
  hostResults,
  config,
  limits,
  ...given
}: PolicyOutcome): RecordedOutcome {
  const decision = (given.decision ?? null) as Json;
  const asked = { policy, version, digest, counts, onError, fuel, hostResults, config };
  return { ...asked, ...(limits === undefined ? {} : { limits }), decision, error: given.error ?? null };
}
