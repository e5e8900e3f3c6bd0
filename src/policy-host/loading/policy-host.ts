import { type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type PolicyEntry } from '../../config/index.js';
import { type Clock } from '../../kernel/clock.js';
import { plainText } from '../../kernel/plain-text.js';
import { ALLOW_ALL, ALLOW_ALL_DIGEST, type NativePolicy, withNative } from '../native-policy.js';
import { Policies, type PolicyStatus } from '../policies.js';
import { PolicyError } from '../policy-error.js';
import { type PolicyNews } from '../policy-news.js';
import { type PolicyTelemetry } from '../policy-telemetry.js';
import { combine } from '../sandbox/combine.js';
import { type ChainCall, type ChainOutcome } from '../sandbox/chain.js';
import { type Candidate, type Examination, type PolicySet } from '../sandbox/policy-set.js';
import { type Quarantine } from '../sandbox/pool/strikes.js';
import { FileWatch } from './file-watch.js';
import { LoadFailure } from './load-failure.js';
import { type LoadPorts, type LoadedPolicy, hooksOf, loadFile, loadPolicy } from './load-policy.js';
import { type ModuleArchive } from './module-archive.js';
import { readModuleFile, stampOf } from './module-file.js';
import { policySource } from './policy-source.js';
import { type Preparer } from './preparation.js';
import { Slot } from './slot.js';
import { toldCause } from './told-cause.js';
import { requireDigest, type Trust } from './trust.js';

/** What is needed of the sandbox. */
export interface PolicySandbox {
  /** Runs a module beside those that are installed. @throws PolicyError when it does not start */
  examine(candidate: Candidate): Promise<Examination>;
  /** Resolves when the set is in force; calls under way end with the set they began with. Rejects and changes nothing. */
  install(set: PolicySet): Promise<void>;
  /** Never rejects. */
  run(call: ChainCall): Promise<ChainOutcome>;
  /** Policies by id that are not asked for a while. */
  quarantines(): ReadonlyMap<string, Quarantine>;
  close(): Promise<void>;
}

export interface PolicyHostParts {
  readonly entries: readonly PolicyEntry[];
  /** Where relative paths of the config start. */
  readonly baseFolder: string;
  readonly denyWithoutPolicy: boolean;
  /** Modules are loaded anew when their files change. */
  readonly watch: boolean;
  readonly trust: Trust;
  readonly preparer: Preparer;
  /** Called at most once, and only when a policy needs it. */
  readonly sandbox: () => PolicySandbox;
  readonly archive: ModuleArchive;
  readonly clock: Clock;
  readonly telemetry: PolicyTelemetry | undefined;
  readonly news: PolicyNews;
}

/** The configured policies: loads them, keeps the last good version of each, and asks them. */
export class PolicyHost extends Policies {
  override readonly denyWithoutPolicy: boolean;
  private readonly natives: NativePolicy[] = [];
  private slots: Slot[] = [];
  private order: readonly string[] = [];
  private sandbox: PolicySandbox | undefined;
  private watch: FileWatch | undefined;
  private reloading: Promise<void> = Promise.resolve();
  private closed = false;
  private swaps = 0;

  private constructor(private readonly parts: PolicyHostParts) {
    super();
    this.denyWithoutPolicy = parts.denyWithoutPolicy;
  }

  /** Loads every policy, in order. @throws Error that names the policy and the step; nothing is left running then */
  static async open(parts: PolicyHostParts): Promise<PolicyHost> {
    const host = new PolicyHost(parts);
    try {
      await host.start();
      return host;
    } catch (error) {
      await host.close();
      throw error;
    }
  }

  override async decide(call: ChainCall): Promise<ChainOutcome> {
    const outcome = plain(withNative(await this.asked(call), this.natives, call, this.order));
    this.parts.telemetry?.decided(call, outcome.outcomes);
    if (outcome.outcomes.some(({ error }) => error !== undefined) || this.hasQuarantine) this.noticeQuarantines();
    return outcome;
  }

  override has(hook: PolicyHook): boolean {
    return this.isSandboxed(hook) || this.natives.some(({ hooks }) => hooks.includes(hook));
  }

  override get revision(): number {
    return this.swaps;
  }

  override list(): readonly PolicyStatus[] {
    const all = [...this.natives.map(nativeStatus), ...this.slots.map((slot) => this.statusOf(slot))];
    return all.sort((a, b) => this.order.indexOf(a.id) - this.order.indexOf(b.id));
  }

  override manifestOf(id: string): PolicyManifest | undefined {
    if (this.natives.some((native) => native.id === id)) return ALLOW_ALL;
    return this.slots.find((slot) => slot.id === id)?.manifest;
  }

  override async close(): Promise<void> {
    this.closed = true;
    this.watch?.close();
    await this.parts.preparer.close();
    await this.reloading;
    await this.sandbox?.close();
  }

  private asked(call: ChainCall): Promise<ChainOutcome> {
    if (this.sandbox !== undefined && this.isSandboxed(call.hook)) return this.sandbox.run(call);
    return Promise.resolve({
      ...combine([], call.event, { event: call.event, bodies: call.bodies, body: undefined }),
      latencyUs: 0,
    });
  }

  private get hasQuarantine(): boolean {
    return this.slots.some(({ quarantine }) => quarantine !== undefined);
  }

  private statusOf(slot: Slot): PolicyStatus {
    return slot.status(this.parts.clock.now());
  }

  private isSandboxed(hook: PolicyHook): boolean {
    return this.slots.some(({ loaded }) => loaded.installed.hooks.includes(hook));
  }

  private async start(): Promise<void> {
    const { entries, news, telemetry } = this.parts;
    const ids: string[] = [];
    for (const [index, entry] of entries.entries()) ids.push(await this.startOne(entry, index));
    this.order = ids;
    requireDistinct(ids);
    for (const { id, loaded } of this.slots) await this.keep(id, loaded);
    await this.install();
    for (const policy of this.list()) {
      telemetry?.loaded(policy);
      news.tell({ type: 'loaded', policy });
    }
    this.watchFiles();
  }

  /** Answers the id of the policy. */
  private async startOne(entry: PolicyEntry, index: number): Promise<string> {
    if (entry.builtin === ALLOW_ALL.name) return this.addNative(entry);
    const source = policySource(entry, index, this.parts.baseFolder);
    try {
      const slot = new Slot(source, await loadPolicy(source, this.ports()));
      this.slots.push(slot);
      return slot.id;
    } catch (error) {
      throw named(source.label, error);
    }
  }

  private addNative(entry: PolicyEntry): string {
    const id = entry.id ?? ALLOW_ALL.name;
    try {
      requireDigest({ entry }, { digest: ALLOW_ALL_DIGEST });
      if (Object.keys(entry.settings).length > 0)
        throw new LoadFailure('settings', `${ALLOW_ALL.name} has no settings; leave them out`);
      this.natives.push({ id, hooks: hooksOf(entry, ALLOW_ALL), mode: entry.mode });
    } catch (error) {
      throw named(id, error);
    }
    return id;
  }

  private ports(): LoadPorts {
    const { clock, trust, preparer } = this.parts;
    return { clock, trust, preparer, examine: (candidate) => this.theSandbox().examine(candidate) };
  }

  private theSandbox(): PolicySandbox {
    this.sandbox ??= this.parts.sandbox();
    return this.sandbox;
  }

  private async install(changed?: { readonly slot: Slot; readonly loaded: LoadedPolicy }): Promise<void> {
    if (this.slots.length === 0) return;
    const policies = this.slots.map((slot) => (slot === changed?.slot ? changed.loaded : slot.loaded).installed);
    try {
      await this.theSandbox().install({ policies });
    } catch (error) {
      const code = error instanceof PolicyError ? { code: error.code } : {};
      throw new LoadFailure('swap', (error as Error).message, { ...code, cause: error });
    }
  }

  /** Keeps the module before it decides, so that its decisions can be replayed. What the disk refuses stops no policy. */
  private async keep(id: string, loaded: LoadedPolicy): Promise<void> {
    const { archive, clock, telemetry } = this.parts;
    try {
      await archive.keep(loaded.bytes, loaded.digest, clock.epochMs());
    } catch (error) {
      telemetry?.notKept(id, (error as NodeJS.ErrnoException).code ?? 'unknown reason');
    }
  }

  private watchFiles(): void {
    const watched = this.slots.filter(({ source }) => !source.isBuiltin).map(({ source }) => source.file);
    if (!this.parts.watch || watched.length === 0) return;
    this.watch = new FileWatch(watched, this.parts.clock, () => this.look());
  }

  /** One look at a time, and the next one sees what changed meanwhile. */
  private look(): void {
    this.reloading = this.reloading.then(async () => {
      for (const slot of this.slots) if (!this.closed && !slot.source.isBuiltin) await this.lookAt(slot);
    });
  }

  private async lookAt(slot: Slot): Promise<void> {
    const { clock } = this.parts;
    const begun = clock.now();
    if (!slot.mayTry(begun)) return;
    const stamp = await stampOf(slot.source);
    if (stamp === slot.stamp && !slot.mayRetry(begun)) return;
    slot.stamp = stamp;
    try {
      const file = await readModuleFile(slot.source);
      if (slot.isInForce(file.digest)) return;
      await this.swap(slot, await loadFile(slot.source, file, this.ports(), begun));
    } catch (error) {
      this.notSwapped(slot, error);
    }
  }

  private async swap(slot: Slot, loaded: LoadedPolicy): Promise<void> {
    const { telemetry, news } = this.parts;
    requireSameName(slot, loaded);
    requireSameHooks(slot, loaded);
    const before = slot.loaded.digest;
    await this.keep(slot.id, loaded);
    await this.install({ slot, loaded });
    slot.took(loaded);
    this.swaps += 1;
    const policy = this.statusOf(slot);
    telemetry?.swapped(policy, before);
    news.tell({ type: 'swapped', policy, before });
  }

  private notSwapped(slot: Slot, error: unknown): void {
    const { telemetry, news, clock } = this.parts;
    if (this.closed) return;
    const { error: told } = slot;
    const mayPass = error instanceof LoadFailure && error.mayPass;
    slot.failed(mayPass ? `${sentenceOf(error)}; it is tried again` : sentenceOf(error), clock.now(), mayPass);
    // A retry that fails like the one before is no news.
    if (mayPass && slot.error === told) return;
    const policy = this.statusOf(slot);
    telemetry?.notSwapped(policy);
    news.tell({ type: 'not-swapped', policy });
  }

  private noticeQuarantines(): void {
    const quarantines = this.sandbox?.quarantines();
    for (const slot of this.slots) {
      const now = quarantines?.get(slot.id);
      if (now?.times === slot.quarantine?.times) continue;
      slot.quarantine = now;
      this.tellQuarantine(this.statusOf(slot));
    }
  }

  private tellQuarantine(policy: PolicyStatus): void {
    const { telemetry, news } = this.parts;
    const isOff = policy.state === 'quarantined';
    if (isOff) telemetry?.switchedOff(policy);
    else telemetry?.switchedOn(policy);
    news.tell({ type: isOff ? 'quarantined' : 'restored', policy });
  }
}

/** What authors wrote is shown to callers, operators and terminals; what each policy answered stays to the letter. */
function plain(outcome: ChainOutcome): ChainOutcome {
  const { reason, hint } = outcome;
  return { ...outcome, reason: plainText(reason), hint: hint === undefined ? undefined : plainText(hint) };
}

function requireDistinct(ids: readonly string[]): void {
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice === undefined) return;
  const message = `another policy has this name; give one of the entries an id of its own`;
  throw named(twice, new LoadFailure('name', message));
}

/** Without an id in the config the name is the policy's own, and rules, metrics and audit know it by that. */
function requireSameName(slot: Slot, { installed }: LoadedPolicy): void {
  if (installed.id === slot.id) return;
  const message = `the module calls itself ${installed.id} and replaces ${slot.id}; give the entry an id, or put the right file there`;
  throw new LoadFailure('name', message);
}

/** A policy that is not asked any more protects nothing, and nobody would notice. */
function requireSameHooks({ loaded: before }: Slot, { installed }: LoadedPolicy): void {
  const lost = before.installed.hooks.find((hook) => !installed.hooks.includes(hook));
  if (lost === undefined) return;
  const message = `the module has no ${lost}, at which the one before is asked; name hooks in the configuration and start again`;
  throw new LoadFailure('hooks', message);
}

function named(label: string, error: unknown): Error {
  return new Error(`policy ${label}: ${sentenceOf(error)}`, { cause: error });
}

function sentenceOf(error: unknown): string {
  if (error instanceof LoadFailure) return error.sentence;
  if (!(error instanceof Error)) return String(error);
  const cause = toldCause(error);
  return cause === '' ? error.message : `${error.message}; ${cause}`;
}

function nativeStatus({ id, hooks, mode }: NativePolicy): PolicyStatus {
  return {
    id,
    source: `builtin:${ALLOW_ALL.name}`,
    version: ALLOW_ALL.version,
    digest: ALLOW_ALL_DIGEST,
    hooks,
    mode,
    state: 'active',
    loadMs: 0,
    error: null,
  };
}
