import { type Decision, type Json } from '@llama-orch/policy-sdk/abi';
import { canonicalJson } from '../kernel/canonical-json.js';
import { type Clock, SystemClock } from '../kernel/clock.js';
import { type PolicyRecord, type RecordedOutcome } from '../policy-host/decision-record.js';
import { ALLOW_ALL_DIGEST } from '../policy-host/native-policy.js';
import { type PolicyErrorCode } from '../policy-host/policy-error.js';
import { NO_RULES } from '../policy-host/sandbox/host/findings.js';
import { ask, type ChainTerms } from '../policy-host/sandbox/run-chain.js';
import { Subject, textOfEvent } from '../policy-host/sandbox/subject.js';
import { Bench, type Benches } from './benches.js';
import { bodiesOf, isBodyOmitted } from './recorded.js';

/** What came of deciding a record again. */
export interface Repetition {
  /** Policies whose answer and fuel were the same. */
  readonly same: number;
  readonly differences: readonly Difference[];
  /** Answers that could not be asked for again, and why. */
  readonly left: readonly { readonly policy: string; readonly why: string }[];
}

export interface Difference {
  readonly policy: string;
  readonly digest: string;
  readonly was: string;
  readonly is: string;
}

/** Errors that the machine had its part in. */
const NOT_OF_THE_POLICY: readonly PolicyErrorCode[] = ['POLICY_DEADLINE', 'POLICY_UNAVAILABLE', 'POLICY_STACK'];

/** Decides a record again, policy by policy, with the modules and the answers of the host that it names. */
export async function repeat(record: PolicyRecord, benches: Benches): Promise<Repetition> {
  const differences: Difference[] = [];
  const left: { policy: string; why: string }[] = [];
  let same = 0;
  let subject = subjectOf(record);
  for (const outcome of record.outcomes) {
    const { policy, digest } = outcome;
    const again = await askAgain(record, outcome, subject, benches);
    if ('why' in again) left.push({ policy, why: again.why });
    else if (again.is === wordsOf(outcome)) same++;
    else differences.push({ policy, digest, was: wordsOf(outcome), is: again.is });
    subject = 'why' in again ? asRecorded(outcome, subject) : again.subject;
  }
  return { same, differences, left };
}

/** What the first policy of a record is asked about. */
export function subjectOf({ event }: PolicyRecord): Subject {
  return new Subject(textOfEvent(event), bodiesOf(event));
}

/** What stays the same for all policies of a record. */
export function termsOf({ hook, counters }: Pick<PolicyRecord, 'hook' | 'counters'>): ChainTerms {
  return { hook, counters, rules: NO_RULES, unavailable: [], clock, onTurn: () => undefined };
}

const clock: Clock = new SystemClock();

type Again = { readonly why: string } | { readonly is: string; readonly subject: Subject };

async function askAgain(
  record: PolicyRecord,
  outcome: RecordedOutcome,
  subject: Subject,
  benches: Benches,
): Promise<Again> {
  const why = record.not_replayable ?? obstacle(record, outcome);
  if (why !== null) return { why };
  // The host's own code, which has no module.
  if (outcome.digest === ALLOW_ALL_DIGEST)
    return { is: wordsOf({ decision: { decision: 'allow' }, fuel: 0 }), subject };
  const bench = await benches.of(outcome);
  if (!(bench instanceof Bench)) return bench;
  const terms = { ...termsOf(record), replay: outcome.hostResults };
  const { answer, subject: next } = await ask(bench.seat(outcome), subject, terms);
  return { is: wordsOf({ ...answer, decision: (answer.decision ?? null) as Json }), subject: next };
}

function obstacle({ event }: PolicyRecord, { error, decision }: RecordedOutcome): string | null {
  const code = error?.code as PolicyErrorCode | undefined;
  if (code !== undefined && NOT_OF_THE_POLICY.includes(code))
    return `${code} depends on the machine and on what was asked before`;
  const changesBody = (decision as Decision | null)?.patch?.some(({ op }) => op === 'json') === true;
  return changesBody && isBodyOmitted(event) ? 'it changed a body that is too large for the record' : null;
}

/** An answer that was not asked for again stands as it was, for those behind it. */
function asRecorded({ counts, decision: answer }: RecordedOutcome, subject: Subject): Subject {
  const { decision, patch = [] } = (answer ?? {}) as Partial<Decision>;
  if (!counts || decision === 'deny' || patch.length === 0) return subject;
  try {
    return subject.patched(patch);
  } catch {
    return subject;
  }
}

/** Equal words are equal answers. Messages of errors may be put better by a later host. */
function wordsOf({ decision, error, fuel }: Answer): string {
  const answer = error === null || error === undefined ? canonicalJson(decision) : error.code;
  return `${answer}, fuel ${fuel}`;
}

type Answer = Pick<RecordedOutcome, 'decision' | 'fuel'> & {
  readonly error?: { readonly code: string } | null | undefined;
};
