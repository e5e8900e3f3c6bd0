import { newDecisionId } from '../kernel/ids.js';
import { type ChainOutcome } from '../policy-host/sandbox/chain.js';
import { type OutboundCall } from './egress.js';
import { type EgressParts } from './egress-parts.js';
import { Fault } from './fault.js';
import { type Checked, Guard } from './guard/guard.js';
import { Refusal } from './guard/refusal.js';
import { type NamedHost } from './guard/rules.js';
import { type NamedLimit, Rates } from './limits/gcra.js';
import { type CallSecrets } from './redaction/call-secrets.js';
import { type Asked, askedRequest } from './request/asked.js';
import { patchedStep } from './request/patched.js';
import { isSameOrigin, type Step } from './request/redirect.js';
import { type HopFacts, type Trail } from './trail.js';

/** A request that may go out, to the address that was checked. */
export interface Departure {
  readonly hop: HopFacts & { readonly step: Step };
  readonly checked: Checked;
  readonly asked: Asked;
  readonly outcome: ChainOutcome;
  readonly auditSeq: number;
}

/** One call on its way. */
export interface Errand {
  readonly call: OutboundCall;
  readonly trail: Trail;
  readonly secrets: CallSecrets;
  /** Aborted by the caller, or at the deadline of the whole call. */
  readonly signal: AbortSignal;
  readonly named: NamedHost | undefined;
}

const SECOND = 1_000;

/** What the daemon does by itself needs no policy's yes; agents do. */
const OF_AGENTS: readonly string[] = ['http.fetch', 'search'];

/** Guard, policies, patches, guard again, limits: all that a request passes before anything is sent. */
export class Departures {
  private readonly guard: Guard;
  private readonly rates = new Rates();

  constructor(private readonly parts: EgressParts) {
    this.guard = new Guard(parts);
  }

  /** @throws AppError `POLICY_DENIED`, `QUOTA_EXCEEDED`; EgressFailure when the name does not resolve */
  async depart(step: Step, errand: Errand): Promise<Departure> {
    const first = await this.decide(step, errand);
    if (isSameOrigin(first.departure.hop.step.target, step.target)) return this.leave(first, errand);
    await errand.trail.decided({ ...first.departure.hop, step }, first.decided);
    const second = await this.decide(first.departure.hop.step, errand);
    if (isSameOrigin(second.departure.hop.step.target, first.departure.hop.step.target))
      return this.leave(second, errand);
    throw await errand.trail.refused(second.departure.hop, new Refusal('MOVED_TWICE', 'policies moved the call twice'));
  }

  newHop(step: Step | undefined): HopFacts {
    const { clock } = this.parts;
    return { decisionId: newDecisionId(clock.epochMs()), step, startedAt: clock.now() };
  }

  private async decide(step: Step, errand: Errand) {
    const hop = { ...this.newHop(step), step };
    const { call, trail } = errand;
    const checked = await this.checked(hop, errand);
    const asked = this.asked(hop, checked, errand);
    const outcome = this.withProfile(await this.parts.policies.decide(asked.call), call);
    const decided = { call: asked.call, outcome, notReplayable: asked.notReplayable };
    if (outcome.decision === 'deny') throw await trail.denied(hop, decided);
    const patched = { ...hop, step: await this.patched(hop, asked, outcome, trail) };
    return { departure: { hop: patched, checked, asked, outcome }, decided };
  }

  private async checked(hop: HopFacts & { readonly step: Step }, errand: Errand): Promise<Checked> {
    const { trail, named, signal } = errand;
    try {
      return await this.guard.check(hop.step.target, named, signal);
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      if (reason instanceof Refusal) throw await trail.refused(hop, reason);
      if (reason instanceof Fault) throw await this.unreached(hop, reason, errand);
      throw reason;
    }
  }

  /** What policies refuse is refused, whether or not the name leads anywhere. */
  private async unreached(hop: HopFacts & { readonly step: Step }, fault: Fault, errand: Errand): Promise<Error> {
    const { call, trail } = errand;
    const asked = this.asked(hop, { addresses: [] }, errand);
    const outcome = this.withProfile(await this.parts.policies.decide(asked.call), call);
    const decided = { call: asked.call, outcome, notReplayable: asked.notReplayable };
    return outcome.decision === 'deny' ? trail.denied(hop, decided) : trail.failed(hop, fault, false);
  }

  /** What is masked in a request is a secret of its call from then on. */
  private asked(hop: HopFacts & { readonly step: Step }, checked: Pick<Checked, 'addresses'>, errand: Errand): Asked {
    const { call, secrets } = errand;
    const parts = { ...this.parts, redactor: secrets.redactor };
    const asked = askedRequest(hop.step, checked, { call, decisionId: hop.decisionId, parts });
    secrets.learn(asked.masks.secrets);
    return asked;
  }

  private async patched(
    hop: HopFacts & { readonly step: Step },
    asked: Asked,
    outcome: ChainOutcome,
    trail: Trail,
  ): Promise<Step> {
    try {
      return patchedStep(hop.step, asked, outcome);
    } catch (error) {
      throw error instanceof Refusal ? await trail.refused(hop, error) : error;
    }
  }

  private withProfile(outcome: ChainOutcome, { tool }: OutboundCall): ChainOutcome {
    const isMissing = outcome.by === undefined && outcome.decision === 'allow' && this.parts.policies.denyWithoutPolicy;
    if (!isMissing || !OF_AGENTS.includes(tool.name)) return outcome;
    const reason = 'no policy allows tool calls, and the profile asks for one';
    return { ...outcome, decision: 'deny', code: 'NO_POLICY', reason, hint: 'the operator adds one under policies' };
  }

  /** Counts the call and writes it down; then nothing stands between it and the network. */
  private async leave(
    { departure, decided }: Awaited<ReturnType<Departures['decide']>>,
    { call, trail }: Errand,
  ): Promise<Departure> {
    const { hop, outcome } = departure;
    const limits = [...this.callerLimit(call, hop.step), ...limitsOf(outcome, call)];
    const usedUp = this.rates.take(limits, this.parts.clock.now());
    if (usedUp !== undefined) throw await trail.limited(hop, decided, usedUp);
    return { ...departure, auditSeq: await trail.decided(hop, decided) };
  }

  private callerLimit({ tool, caller }: OutboundCall, { hop }: Step): NamedLimit[] {
    if (hop > 0 || !OF_AGENTS.includes(tool.name)) return [];
    const { ratePerS } = this.parts;
    const counted = { key: caller.actor, caller: caller.actor, group: keyOf('caller', caller.tenant) };
    return [{ ...counted, name: 'egress.rate_per_s', rate: ratePerS, perMs: SECOND, burst: ratePerS, cost: 1 }];
  }
}

/** Counted for each tenant and policy apart: neither a neighbour nor another policy uses it up, whatever its key is. */
function limitsOf({ outcomes }: ChainOutcome, { caller }: OutboundCall): NamedLimit[] {
  return outcomes.flatMap(({ policy, counts, decision }) => {
    const limit = counts ? decision?.limit : undefined;
    if (limit === undefined) return [];
    const group = keyOf('policy', caller.tenant, policy);
    return [{ ...limit, group, caller: caller.sessionId ?? caller.actor, name: limit.key }];
  });
}

/** Parts never run into each other. */
function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}
