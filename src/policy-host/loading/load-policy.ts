import { type PolicyHook, type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type PolicyEntry } from '../../config/index.js';
import { POLICY_GRANTS } from '../../config/policy-schema.js';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { type Clock } from '../../kernel/clock.js';
import { type PolicyLimits } from '../limits.js';
import { parseManifest } from '../module/manifest.js';
import { PolicyError } from '../policy-error.js';
import { type OnError } from '../sandbox/chain.js';
import { type Candidate, type Examination, type Failure, type InstalledPolicy } from '../sandbox/policy-set.js';
import { goldenCases, goldenFailure } from './golden-tests.js';
import { LoadFailure } from './load-failure.js';
import { type ModuleFile, readModuleFile } from './module-file.js';
import { type PolicySource } from './policy-source.js';
import { type Preparation, type Preparer } from './preparation.js';
import { type Settings, settingsOf } from './settings.js';
import { type Trust, requireDigest, requireSignature } from './trust.js';

export interface LoadPorts {
  readonly clock: Clock;
  readonly trust: Trust;
  readonly preparer: Pick<Preparer, 'prepare'>;
  /** Runs the module in the sandbox, without installing it. */
  readonly examine: (candidate: Candidate) => Promise<Examination>;
}

/** A policy that passed every step but the swap. */
export interface LoadedPolicy {
  readonly installed: InstalledPolicy;
  readonly manifest: PolicyManifest;
  /** `sha256:<hex>`. */
  readonly digest: string;
  /** The module as it was on disk. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly loadMs: number;
}

/** From the file to a policy that can be installed. @throws LoadFailure that names the step */
export async function loadPolicy(source: PolicySource, ports: LoadPorts): Promise<LoadedPolicy> {
  const begun = ports.clock.now();
  return loadFile(source, await readModuleFile(source), ports, begun);
}

/** The same for a file that was read already. @param begun monotonic ms */
export async function loadFile(
  source: PolicySource,
  file: ModuleFile,
  ports: LoadPorts,
  begun: number,
): Promise<LoadedPolicy> {
  requireDigest(source, file);
  requireSignature(source, file, ports.trust);
  const { entry } = source;
  const job = { bytes: file.bytes, limits: limitsOf(entry), settings: entry.settings };
  const preparation = await ports.preparer.prepare(job);
  const { manifest } = preparation.prepared;
  requireGrants(entry, manifest);
  const hooks = hooksOf(entry, manifest);
  const config = checkedSettings(preparation, entry);
  const candidate = { prepared: preparation.prepared, config, cases: goldenCases(manifest) };
  judge(manifest, await examined(candidate, ports));
  return {
    installed: installedPolicy(entry, preparation, config, hooks),
    manifest,
    digest: file.digest,
    bytes: file.bytes,
    loadMs: Math.round(ports.clock.now() - begun),
  };
}

function limitsOf({ limits: { fuel, memory_pages: memoryPages } }: PolicyEntry): Partial<PolicyLimits> {
  return { ...(fuel !== undefined && { fuel }), ...(memoryPages !== undefined && { memoryPages }) };
}

/** A module that is swapped in has no more rights than the one before: the operator gave them to the entry. */
function requireGrants({ grants }: PolicyEntry, { capabilities }: PolicyManifest): void {
  const missing = POLICY_GRANTS.find((right) => capabilities.includes(right) && !grants.includes(right));
  if (missing === undefined) return;
  const message = `the policy asks for ${missing}, which the configuration does not give; name it in grants of the entry, or build the policy without it`;
  throw new LoadFailure('grants', message);
}

/** Hooks that a policy is asked at. @throws LoadFailure at `hooks` when it lacks one that the entry names */
export function hooksOf({ hooks }: PolicyEntry, manifest: PolicyManifest): readonly PolicyHook[] {
  const missing = hooks?.find((hook) => !manifest.hooks.includes(hook));
  if (missing === undefined) return hooks ?? manifest.hooks;
  throw new LoadFailure('hooks', `the policy has no ${missing}; it has ${manifest.hooks.join(', ')}`);
}

function checkedSettings({ prepared, problems }: Preparation, { settings }: PolicyEntry): Settings {
  if (problems.length > 0)
    throw new LoadFailure('settings', `${problems.join('; ')}; correct them in the configuration`);
  return settingsOf(prepared.manifest, settings);
}

async function examined(candidate: Candidate, { examine }: LoadPorts): Promise<Examination> {
  try {
    return await examine(candidate);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new LoadFailure('start', error.message, { code: error.code, cause: error });
  }
}

/** What the module did has to fit what it says. */
function judge(manifest: PolicyManifest, { described, configCheck, answers }: Examination): void {
  requireSameDescription(manifest, textOf(described, 'describe'));
  if (configCheck !== undefined) requireGoodSettings(textOf(configCheck, 'settings'));
  const failure = goldenFailure(manifest, answers);
  if (failure !== undefined) throw new LoadFailure('tests', `${failure}; mend the policy and build it again`);
}

function textOf(
  answer: { readonly text: string } | { readonly failure: Failure },
  step: 'describe' | 'settings',
): string {
  if ('text' in answer) return answer.text;
  throw new LoadFailure(step, answer.failure.message, { code: answer.failure.code });
}

function requireSameDescription(manifest: PolicyManifest, text: string): void {
  const described = describedBy(text);
  const names = Object.keys(manifest) as (keyof PolicyManifest)[];
  const other = names.find((name) => canonicalJson(manifest[name]) !== canonicalJson(described[name]));
  if (other === undefined) return;
  const message = `what describe answers and the manifest in the module differ in ${other}; build the policy again`;
  throw new LoadFailure('describe', message, { code: 'POLICY_ABI' });
}

function describedBy(text: string): PolicyManifest {
  try {
    return parseManifest(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new LoadFailure('describe', error.message, { code: error.code, cause: error });
  }
}

function requireGoodSettings(text: string): void {
  const problems = problemsIn(text);
  if (problems === undefined)
    throw new LoadFailure('settings', 'validate_config answered no { ok, errors }; mend the policy', {
      code: 'POLICY_BAD_OUTPUT',
    });
  if (problems.length > 0)
    throw new LoadFailure('settings', `${problems.join('; ')}; correct them in the configuration`);
}

/** Sentences of a ConfigCheck; undefined when it is none. */
function problemsIn(text: string): string[] | undefined {
  const { ok, errors } = recordOf(text);
  if (ok === true) return [];
  if (ok !== false || !Array.isArray(errors)) return undefined;
  const sentences = errors.map(sentenceOf);
  return sentences.length > 0 ? sentences : ['the policy refuses its settings and says no more'];
}

function sentenceOf(error: unknown): string {
  const { path, message } = (error ?? {}) as Readonly<Record<string, unknown>>;
  return `settings${typeof path === 'string' ? path : ''} ${typeof message === 'string' ? message : 'are not valid'}`;
}

function recordOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function installedPolicy(
  entry: PolicyEntry,
  { prepared }: Preparation,
  config: Settings,
  hooks: readonly PolicyHook[],
): InstalledPolicy {
  return {
    id: entry.id ?? prepared.manifest.name,
    prepared,
    config,
    mayModify: entry.may_modify,
    hooks,
    mode: entry.mode,
    onError: onErrorOf(entry),
  };
}

/** Outbound calls fail closed, admission fails open, unless the operator says otherwise. */
function onErrorOf({ on_error: chosen }: PolicyEntry): Readonly<Record<PolicyHook, OnError>> {
  return { on_request: chosen ?? 'deny', on_response: chosen ?? 'deny', on_admission: chosen ?? 'allow' };
}
