import { type Decision, type Json } from '../abi.js';
import { unmetExpectation } from './difference.js';
import { type EventBuilder } from './events.js';
import { type AgreedAnswer, type PolicyUnderTest } from './policy-under-test.js';

/** What is expected of a policy's answer to one event. Each expectation asks, and answers the decision. */
export class Verdict {
  constructor(
    private readonly policy: PolicyUnderTest,
    private readonly event: EventBuilder,
  ) {}

  /** Settings over the defaults of the policy. */
  withConfig(config: { readonly [member: string]: Json }): Verdict {
    return new Verdict(this.policy, this.event.withConfig(config));
  }

  /** The decision is `allow`. */
  allows(): Promise<Decision> {
    return this.decides({ decision: 'allow' });
  }

  /** The decision is `deny`, with this code when one is given. */
  denies(code?: string): Promise<Decision> {
    return this.decides({ decision: 'deny', ...(code === undefined ? {} : { code }) });
  }

  /** The decision is `modify`, with exactly these patches when some are given. */
  modifies(...patch: readonly Json[]): Promise<Decision> {
    return this.decides({ decision: 'modify', ...(patch.length === 0 ? {} : { patch }) });
  }

  /** The decision is `limit`, with exactly this limit when one is given. */
  limits(limit?: { readonly [member: string]: Json }): Promise<Decision> {
    return this.decides({ decision: 'limit', ...(limit === undefined ? {} : { limit }) });
  }

  /** By class of finding (`secret.*`), or by pointer (`/user/email`). */
  async redacts(what: string): Promise<Decision> {
    const decision = await this.decides({});
    const member = what.startsWith('/') || what === '' ? 'pointer' : 'class';
    if (decision.redact?.some((rule) => rule[member] === what)) return decision;
    throw new Error(`no redaction of ${JSON.stringify(what)} in ${JSON.stringify(decision.redact ?? [])}`);
  }

  /** Members that the decision must have; others are free. */
  async decides(expected: { readonly [member: string]: Json }): Promise<Decision> {
    const { decision, error, outcome } = await this.answer();
    if (decision === undefined) throw new Error(`there is no decision: ${error ?? ''} (${outcome.error?.code})`);
    const unmet = unmetExpectation(expected, decision);
    if (unmet !== undefined) throw new Error(`${unmet}; the decision is ${JSON.stringify(decision)}`);
    return decision;
  }

  /** The policy throws, so its host denies: with a part of what it says. */
  async fails(saying = ''): Promise<void> {
    const { decision, error = '' } = await this.answer();
    if (decision !== undefined) throw new Error(`expected the policy to throw; it decided ${JSON.stringify(decision)}`);
    if (!error.includes(saying))
      throw new Error(`the policy threw ${JSON.stringify(error)}, expected it to say ${JSON.stringify(saying)}`);
  }

  /** The answer itself, for what no expectation here says. */
  answer(): Promise<AgreedAnswer> {
    return this.policy.answer(this.event);
  }
}
