import { type Json, type PolicyEvent, type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type Clock, SystemClock } from '../kernel/clock.js';
import { type PolicyLimits } from './limits.js';
import { prepareModule } from './module/prepare.js';
import { type PreparedModule } from './module/prepared-module.js';
import { PolicyError } from './policy-error.js';
import { type PolicyOutcome } from './sandbox/chain.js';
import { DEFAULT_ENGINE, type EngineName } from './sandbox/engine/engine-name.js';
import { engineOf } from './sandbox/engine/engines.js';
import { NO_RULES, prepareRules, type PreparedRules } from './sandbox/host/findings.js';
import { PolicyInstance } from './sandbox/instance/policy-instance.js';
import { outcomeOf } from './sandbox/outcome.js';
import { type FindingRules, type InstalledPolicy } from './sandbox/policy-set.js';
import { type ChainTerms, runChain } from './sandbox/run-chain.js';
import { Subject, textOfEvent } from './sandbox/subject.js';

type Settings = { readonly [member: string]: Json };

export interface OpenOptions {
  /** Settings over the defaults of the policy. Without them each event brings its own. */
  readonly config?: Settings | undefined;
  /** Over the limits of the language. */
  readonly limits?: Partial<PolicyLimits> | undefined;
  readonly engine?: EngineName | undefined;
  /** What `scan` and `pseudonym` work with. */
  readonly rules?: FindingRules | undefined;
}

export interface DecideOptions {
  /** What `counter` answers. */
  readonly counters?: Readonly<Record<string, number>> | undefined;
  /** `hostResults` of an earlier outcome: host functions give the same answers again. */
  readonly replay?: readonly Json[] | undefined;
}

/** A policy that runs in this thread: for trusted ones, the command line and tests. Fuel ends what runs too long. */
export interface OpenedPolicy {
  readonly manifest: PolicyManifest;
  /** `sha256:<hex>` of the bytes. */
  readonly digest: string;
  readonly prepared: PreparedModule;
  /** One decision from fresh state, one at a time. Never rejects: what goes wrong is part of the outcome. */
  decide(
    hook: PolicyHook,
    event: PolicyEvent,
    bodies?: ReadonlyMap<number, Uint8Array>,
    options?: DecideOptions,
  ): Promise<PolicyOutcome>;
  /** What another export answers, such as `describe` or `validate_config`. @throws PolicyError */
  answer(name: string, input?: string): Promise<string>;
  close(): Promise<void>;
}

/** @throws PolicyError when the module may not be loaded, or does not start */
export async function openPolicy(bytes: Uint8Array, options: OpenOptions = {}): Promise<OpenedPolicy> {
  const prepared = prepareModule(bytes, options.limits);
  const instance = await PolicyInstance.open(prepared, await engineOf(options.engine ?? DEFAULT_ENGINE));
  return new InProcessPolicy(prepared, instance, options.config, prepareRules(options.rules ?? UNRULED));
}

const UNRULED: FindingRules = { patterns: [], key: NO_RULES.key };
const DENY = { on_request: 'deny', on_response: 'deny', on_admission: 'deny' } as const;

class InProcessPolicy implements OpenedPolicy {
  private readonly clock: Clock = new SystemClock();

  constructor(
    readonly prepared: PreparedModule,
    private readonly instance: PolicyInstance,
    private readonly config: Settings | undefined,
    private readonly rules: PreparedRules,
  ) {}

  get manifest(): PolicyManifest {
    return this.prepared.manifest;
  }

  get digest(): string {
    return this.prepared.digest;
  }

  async decide(
    hook: PolicyHook,
    event: PolicyEvent,
    bodies: ReadonlyMap<number, Uint8Array> = new Map(),
    { counters = {}, replay }: DecideOptions = {},
  ): Promise<PolicyOutcome> {
    const policy = this.installed({ ...this.manifest.defaults, ...(this.config ?? event.config) }, hook);
    const { clock, rules } = this;
    const terms: ChainTerms = { hook, counters, rules, replay, unavailable: [], clock, onTurn: () => undefined };
    const { answers } = await runChain(
      [{ ...this.seat(policy), mode: event.mode }],
      new Subject(textOfEvent(event), bodies),
      terms,
    );
    return outcomeOf(policy, answers[0]!, hook);
  }

  async answer(name: string, input = ''): Promise<string> {
    const context = { config: {}, bodies: new Map(), counters: {}, now: 0, seed: '', tenant: '', rules: this.rules };
    const { output, failure } = await this.instance.call(name, input, context, this.prepared.limits.startFuel);
    if (failure !== undefined) throw new PolicyError(failure.code, `${this.manifest.name}: ${failure.message}`);
    if (output === undefined)
      throw new PolicyError('POLICY_NO_OUTPUT', `${this.manifest.name} gave no answer to ${name}.`);
    return output;
  }

  close(): Promise<void> {
    return this.instance.close();
  }

  private installed(config: Settings, hook: PolicyHook): InstalledPolicy {
    const { manifest, prepared } = this;
    return { id: manifest.name, prepared, config, mayModify: true, hooks: [hook], mode: 'enforce', onError: DENY };
  }

  private seat(policy: InstalledPolicy): Parameters<typeof runChain>[0][number] {
    const { eventBytes } = this.prepared.limits;
    return { ...policy, instance: this.instance, configText: JSON.stringify(policy.config), eventBytes };
  }
}
