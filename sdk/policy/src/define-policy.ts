import {
  ABI_VERSION,
  type AdmissionEvent,
  type ConfigCheck,
  type Decision,
  type Json,
  type PolicyEvent,
  type PolicyHook,
  type PolicyManifest,
  type RequestEvent,
  type ResponseEvent,
} from './abi.js';
import { AdmissionContext, RequestContext, ResponseContext } from './context/context.js';
import { Answer } from './decisions.js';
import { CAPABILITIES, type HostFunction } from './host.js';
import { ObjectSchema } from './schema/object.js';
import { type JsonObject, type Problem } from './schema/schema.js';

/** What a hook may return. */
export type HookAnswer = Answer | Decision;

/** Functions of the host by name, and `raw-secrets`: secrets unmasked, where the operator grants it; each use is audited. */
export type Capability = HostFunction | 'raw-secrets';

/** One event and what the decision must hold; the event is written in parts, the rest is filled in. */
export interface PolicyCase {
  readonly name: string;
  readonly hook: PolicyHook;
  readonly event: JsonObject;
  /** Settings over the defaults. */
  readonly config?: JsonObject;
  readonly expect: JsonObject;
}

/** What an author writes down: facts, settings, at least one hook. `C` is the type of the settings. */
export interface PolicyDefinition<C> {
  /** 1 to 63 of `a-z 0-9 -`. */
  readonly name: string;
  /** Semver. */
  readonly version: string;
  /** Settings; the type of `c.config` comes from it. Without it the policy has none. */
  readonly config?: ObjectSchema<C>;
  /** Settings where the operator says nothing, over the defaults of the schema. */
  readonly defaults?: Partial<C>;
  /** Before each outbound call and each hop of a redirect. */
  readonly request?: (c: RequestContext<C>) => HookAnswer;
  /** When the head of an answer and the facts of its body are known. */
  readonly response?: (c: ResponseContext<C>) => HookAnswer;
  /** Before a task is queued. */
  readonly admission?: (c: AdmissionContext<C>) => HookAnswer;
  /** Carried in the module and run by each host that loads it. */
  readonly tests?: readonly PolicyCase[];
  /** What it asks of the host beyond its event; whatever is not declared throws when it is asked. */
  readonly capabilities?: readonly Capability[];
  /** SPDX expression. */
  readonly license?: string;
  /** Where its sources are. */
  readonly source?: { readonly repo: string; readonly commit: string };
  /** Fuel of an ordinary call, for operators. */
  readonly fuelHint?: number;
}

/** A policy: what it says of itself, and how it decides. The build turns it into a module. */
export class Policy<C = unknown> {
  private readonly schema: ObjectSchema<C>;

  constructor(private readonly definition: PolicyDefinition<C>) {
    this.schema = definition.config ?? new ObjectSchema<C>({});
  }

  /** Hooks that the definition has a function for. */
  get hooks(): readonly PolicyHook[] {
    const { request, response, admission } = this.definition;
    const present = { on_request: request, on_response: response, on_admission: admission };
    return (Object.keys(present) as (keyof typeof present)[]).filter((hook) => present[hook] !== undefined);
  }

  /** Cases as they were written; the build fills in their events. */
  get cases(): readonly PolicyCase[] {
    return this.definition.tests ?? [];
  }

  /** What the module will say of itself; the build adds the tests. */
  get manifest(): Omit<PolicyManifest, 'tests'> {
    const { name, version, capabilities = [], license, source, fuelHint = 0 } = this.definition;
    return {
      name,
      version,
      abi: ABI_VERSION,
      hooks: this.hooks,
      capabilities,
      configSchema: this.schema.json,
      defaults: this.defaults,
      fuelHint,
      source: source ?? null,
      license: license ?? null,
    };
  }

  /** Names of its settings. */
  get settings(): readonly string[] {
    return this.schema.names;
  }

  /** @throws what the hook throws; the host denies then */
  decide(hook: PolicyHook, event: PolicyEvent): Decision {
    const { config } = event;
    const setting = (name: string): Json | undefined => (Object.hasOwn(config, name) ? config[name] : undefined);
    return decisionOf(hook, this.question(hook, event, setting)());
  }

  /** Asks the hook about an event, as often as it is called. @param setting reads a setting by its name */
  question(hook: PolicyHook, event: PolicyEvent, setting: (name: string) => Json | undefined): () => unknown {
    const { request, response, admission } = this.definition;
    const config = this.schema.view(setting);
    const nothing = (): undefined => undefined;
    if (hook === 'on_request') return bound(request, new RequestContext(event as RequestEvent, config)) ?? nothing;
    if (hook === 'on_response') return bound(response, new ResponseContext(event as ResponseEvent, config)) ?? nothing;
    return bound(admission, new AdmissionContext(event as AdmissionEvent, config)) ?? nothing;
  }

  /** Whether settings fit the schema, with a sentence for each place that does not. */
  checkConfig(config: Json): ConfigCheck {
    const errors: Problem[] = [];
    this.schema.check(config, '', (problem) => errors.push(problem));
    return { ok: errors.length === 0, errors };
  }

  private get defaults(): JsonObject {
    return { ...this.schema.defaults, ...(this.definition.defaults as JsonObject | undefined) };
  }
}

/**
 * Defines a policy; its file exports it as default.
 * @throws Error when name, version, capabilities or default settings are not as they have to be, or no hook is there
 */
export function definePolicy<C = Readonly<Record<string, never>>>(definition: PolicyDefinition<C>): Policy<C> {
  const policy = new Policy(definition);
  const problem = nameProblem(definition) ?? capabilityProblem(definition.capabilities ?? []) ?? hookProblem(policy);
  if (problem !== undefined) throw new Error(`definePolicy: ${problem}`);
  return policy;
}

/** What a hook returned, as a decision. @throws Error when it is none */
export function decisionOf(hook: PolicyHook, answer: unknown): Decision {
  if (typeof (answer as { then?: unknown } | undefined)?.then === 'function') {
    throw new Error(`${hook} returned a promise: a policy answers at once, and has nothing to wait for`);
  }
  if (typeof answer !== 'object' || answer === null)
    throw new Error(`${hook} returned no decision; return allow() at its end`);
  return answer instanceof Answer ? answer.toJSON() : (answer as Decision);
}

function bound<Context>(hook: ((c: Context) => unknown) | undefined, context: Context): (() => unknown) | undefined {
  return hook && (() => hook(context));
}

function nameProblem({ name, version }: { readonly name: string; readonly version: string }): string | undefined {
  if (!/^[a-z0-9-]{1,63}$/.test(name)) return `the name ${JSON.stringify(name)} has to be 1 to 63 of a-z, 0-9 and -`;
  if (/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(version)) return undefined;
  return `the version ${JSON.stringify(version)} has to be a semantic version, such as 1.0.0`;
}

function capabilityProblem(capabilities: readonly string[]): string | undefined {
  const known: readonly string[] = [...CAPABILITIES, 'raw-secrets'];
  const unknown = capabilities.find((capability) => !known.includes(capability));
  return unknown === undefined ? undefined : `there is no capability ${unknown}; there are ${known.join(', ')}`;
}

function hookProblem(policy: { readonly hooks: readonly PolicyHook[] }): string | undefined {
  return policy.hooks.length > 0
    ? undefined
    : 'the policy has no hook; give it a request, response or admission function';
}
