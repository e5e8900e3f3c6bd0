import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Decision, type Json } from '../abi.js';
import { buildPolicy, type BuiltPolicy } from '../build/build-policy.js';
import { Policy } from '../define-policy.js';
import { firstDifference } from './difference.js';
import { type EventBuilder } from './events.js';
import { type HostOutcome, type OpenPolicy, type PolicyHost, productionHost } from './host.js';
import { loadPolicy } from './load.js';
import { type Answered, runPlain } from './plain-run.js';
import { Verdict } from './verdict.js';

export interface TestOptions {
  /** The file of the policy, when the policy itself is given. */
  readonly entry?: string | URL;
  /** By default `llama-orch/policy-host`, looked for from the working directory. */
  readonly host?: PolicyHost;
}

/** The one answer that both ways gave. */
export interface AgreedAnswer {
  readonly decision: Decision | undefined;
  /** Why there is no decision. */
  readonly error: string | undefined;
  readonly outcome: HostOutcome;
}

/** A policy that is asked twice each time: as TypeScript, where debugger and coverage see it, and as WASM in its host. */
export class PolicyUnderTest {
  private loaded: Promise<Policy> | undefined;
  private built: Promise<BuiltPolicy> | undefined;
  private opened: Promise<OpenPolicy> | undefined;
  private lastTurn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly given: Policy | undefined,
    readonly entry: string,
    private readonly host: PolicyHost | undefined,
  ) {}

  /** Asks with an event: `await policy(file).on(request.get('https://example.com')).denies('HOST_NOT_ALLOWED')`. */
  on(event: EventBuilder): Verdict {
    return new Verdict(this, event);
  }

  /** @throws Error when TypeScript and WASM answer differently */
  async answer(builder: EventBuilder): Promise<AgreedAnswer> {
    const [policy, host] = await Promise.all([this.policy(), this.open()]);
    const { event, bodies } = builder.build();
    const asked = { ...event, config: { ...policy.manifest.defaults, ...builder.config } };
    const outcome = await this.inTurn(() => host.decide(builder.hook, asked, bodies));
    const plain = runPlain(policy, builder.hook, asked, outcome.hostResults);
    const difference = differenceOf(plain, outcome);
    if (difference !== undefined)
      throw new Error(`${policy.manifest.name} answers differently as TypeScript and as WASM. ${difference}`);
    return { decision: outcome.decision, error: 'error' in plain ? plain.error : undefined, outcome };
  }

  /** The TypeScript. */
  policy(): Promise<Policy> {
    return (this.loaded ??= this.given === undefined ? loadPolicy(this.entry) : Promise.resolve(this.given));
  }

  /** The module. */
  build(): Promise<BuiltPolicy> {
    return (this.built ??= buildPolicy({ entry: this.entry }));
  }

  /** Lets go of the module. Asking again opens it again. */
  async close(): Promise<void> {
    const opened = this.opened;
    this.opened = undefined;
    await (await opened)?.close();
  }

  /** A module takes one call at a time. */
  private inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const answer = this.lastTurn.then(ask);
    this.lastTurn = answer.catch(() => undefined);
    return answer;
  }

  private open(): Promise<OpenPolicy> {
    return (this.opened ??= this.openModule());
  }

  private async openModule(): Promise<OpenPolicy> {
    const [{ wasm }, host] = await Promise.all([this.build(), this.host ?? productionHost()]);
    return host.openPolicy(wasm);
  }
}

/**
 * A policy to be tested, by its file: `policy(new URL('../src/index.ts', import.meta.url))`, or by itself and its file:
 * `policy(mine, { entry })`.
 */
export function policy<C>(source: Policy<C> | URL | string, { entry, host }: TestOptions = {}): PolicyUnderTest {
  const file = source instanceof Policy ? entry : source;
  if (file === undefined) {
    throw new Error(
      `policy: say where the source is: policy(mine, { entry: new URL('../src/index.ts', import.meta.url) })`,
    );
  }
  return new PolicyUnderTest(source instanceof Policy ? (source as unknown as Policy) : undefined, pathOf(file), host);
}

function pathOf(file: string | URL): string {
  return typeof file === 'string' && !file.startsWith('file:') ? resolve(file) : fileURLToPath(file);
}

function differenceOf(plain: Answered, { decision, error }: HostOutcome): string | undefined {
  if ('error' in plain)
    return decision === undefined ? undefined : `TypeScript threw: ${plain.error}; WASM answered ${shown(decision)}`;
  if (decision === undefined) {
    return `TypeScript answered ${shown(plain.decision)}; WASM ended with ${error?.code}: ${error?.message}`;
  }
  const at = firstDifference(plain.decision as unknown as Json, decision as unknown as Json);
  return at === undefined
    ? undefined
    : `At ${at}: TypeScript answered ${shown(plain.decision)}, WASM ${shown(decision)}`;
}

function shown(value: unknown): string {
  return JSON.stringify(value);
}
