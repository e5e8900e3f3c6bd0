import { type Decision, type Json, type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { type Clock } from '../../kernel/clock.js';
import { checkDecision } from './decision/check-decision.js';
import { Refusal } from './decision/checked.js';
import { type CallContext } from './host/call-context.js';
import { type LogLine } from './host/call-scope.js';
import { type PreparedRules } from './host/findings.js';
import { type CallReport, type PolicyInstance } from './instance/policy-instance.js';
import { RefusedPatch } from './patch/refused-patch.js';
import { type Failure, type InstalledPolicy } from './policy-set.js';
import { type Subject } from './subject.js';

/** A policy of a chain with the instance that answers for it. */
export interface SeatedPolicy extends Pick<InstalledPolicy, 'id' | 'mayModify' | 'mode'> {
  readonly instance: PolicyInstance;
  /** JSON of the settings, and the same parsed. */
  readonly configText: string;
  readonly config: { readonly [member: string]: Json };
  readonly eventBytes: number;
}

/** What does not change from policy to policy. */
export interface ChainTerms {
  readonly hook: PolicyHook;
  readonly counters: Readonly<Record<string, number>>;
  readonly rules: PreparedRules;
  /** Policies that are not asked and fail: they are quarantined, or did not answer in time. */
  readonly unavailable: readonly string[];
  /** Recorded answers of host functions, for one policy alone. */
  readonly replay?: readonly Json[] | undefined;
  /** Fuel of a call, where it is less than the policy has. */
  readonly fuel?: number | undefined;
  readonly clock: Clock;
  /** Before each policy, with its place in the chain. */
  onTurn(place: number): void;
}

/** What one policy answered, without what its host knows of it. */
export interface PolicyAnswer {
  readonly id: string;
  readonly decision: Decision | undefined;
  readonly error: Failure | undefined;
  readonly fuel: number;
  readonly latencyUs: number;
  readonly memoryBytes: number;
  readonly logs: readonly LogLine[];
  readonly hostResults: readonly Json[];
}

const NOTHING = { decision: undefined, fuel: 0, latencyUs: 0, memoryBytes: 0, logs: [], hostResults: [] } as const;

/** An answer of a policy that was not asked, or was asked and lost. */
export function unanswered(id: string, error: Failure): PolicyAnswer {
  return { ...NOTHING, id, error };
}

/** Asks the policies in order, each about the subject as those before it left it. */
export async function runChain(
  policies: readonly SeatedPolicy[],
  subject: Subject,
  terms: ChainTerms,
): Promise<{ answers: PolicyAnswer[]; subject: Subject }> {
  const answers: PolicyAnswer[] = [];
  for (const [place, policy] of policies.entries()) {
    terms.onTurn(place);
    const from = terms.clock.now();
    const asked = await ask(policy, subject, terms);
    answers.push({ ...asked.answer, latencyUs: Math.round((terms.clock.now() - from) * 1_000) });
    subject = asked.subject;
  }
  return { answers, subject };
}

/** One policy, alone. */
export async function ask(
  policy: SeatedPolicy,
  subject: Subject,
  terms: ChainTerms,
): Promise<{ answer: PolicyAnswer; subject: Subject }> {
  const refused = refusal(policy, subject, terms);
  if (refused !== undefined) return { answer: unanswered(policy.id, refused), subject };
  const input = subject.inputWith(policy);
  const report = await policy.instance.call(terms.hook, input, contextOf(policy, subject, terms), terms.fuel);
  const read = readAnswer(report, policy, subject, terms.hook);
  const { fuel, memoryBytes, logs, hostResults } = report;
  const { decision, error } = read;
  return {
    answer: { id: policy.id, decision, error, fuel, latencyUs: 0, memoryBytes, logs, hostResults },
    subject: read.subject ?? subject,
  };
}

function refusal(
  { id, eventBytes }: SeatedPolicy,
  { text }: Subject,
  { unavailable }: ChainTerms,
): Failure | undefined {
  if (unavailable.includes(id)) {
    return {
      code: 'POLICY_UNAVAILABLE',
      message: `${id} is not asked: it is quarantined, or did not answer this call in time.`,
    };
  }
  // Three bytes a character is the most that UTF-8 takes, and text is only measured when that could be too much.
  if (text.length * 3 <= eventBytes || Buffer.byteLength(text) <= eventBytes) return undefined;
  const message = `${id} is not asked about more than ${eventBytes} bytes at once; send a shorter URL, and fewer or shorter headers.`;
  return { code: 'POLICY_UNAVAILABLE', message };
}

interface ReadAnswer {
  readonly decision?: Decision;
  readonly error?: Failure;
  readonly subject?: Subject;
}

function readAnswer(report: CallReport, policy: SeatedPolicy, subject: Subject, hook: PolicyHook): ReadAnswer {
  if (report.failure !== undefined) return { error: named(policy, report.failure) };
  if (report.output === undefined) return { error: failure(policy, 'POLICY_NO_OUTPUT', 'gave no answer') };
  try {
    const decision = checkDecision(report.output, hook);
    return { decision, ...afterPatches(decision, policy, subject) };
  } catch (error) {
    const isOurs = error instanceof Refusal || error instanceof RefusedPatch;
    const why = isOurs ? error.message : 'its patch cannot be carried out';
    return { error: failure(policy, 'POLICY_BAD_OUTPUT', `gave an answer that does not count: ${why}`) };
  }
}

/** In monitor mode patches are tried, and change nothing. */
function afterPatches(
  { decision, patch = [] }: Decision,
  { mayModify, mode }: SeatedPolicy,
  subject: Subject,
): ReadAnswer {
  if (patch.length === 0 || decision === 'deny') return {};
  if (!mayModify) throw new RefusedPatch('it may not modify; its entry has may_modify false');
  const patched = subject.patched(patch);
  return mode === 'monitor' ? {} : { subject: patched };
}

/** What stands in the event is read only by those who ask for it. */
function contextOf({ config }: SeatedPolicy, subject: Subject, { counters, rules, replay }: ChainTerms): CallContext {
  return {
    config,
    bodies: subject.bodies,
    counters,
    rules,
    replay,
    get now() {
      return subject.event.now;
    },
    get seed() {
      return subject.event.decisionId;
    },
    get tenant() {
      return subject.event.session.tenant;
    },
  };
}

function named({ id }: SeatedPolicy, { code, message }: Failure): Failure {
  return { code, message: `${id}: ${message}` };
}

function failure({ id }: SeatedPolicy, code: Failure['code'], what: string): Failure {
  return { code, message: `${id} ${what}.` };
}
