import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type PolicyStatus } from '../policies.js';
import { type Quarantine } from '../sandbox/pool/strikes.js';
import { type LoadedPolicy } from './load-policy.js';
import { type PolicySource } from './policy-source.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 600_000;

/** One entry of `policies` with the module that is in force, and what became of the last attempt to replace it. */
export class Slot {
  /** Of the files at the last look: what did not change is tried again only where the reason may have passed. */
  stamp = '';
  /** Why the last attempt came to nothing. */
  error: string | null = null;
  /** As it was told last. */
  quarantine: Quarantine | undefined;
  private failures = 0;
  private waitsUntil = 0;
  private retriesAt: number | undefined;

  constructor(
    readonly source: PolicySource,
    public loaded: LoadedPolicy,
  ) {}

  get id(): string {
    return this.loaded.installed.id;
  }

  get manifest(): PolicyManifest {
    return this.loaded.manifest;
  }

  /** False for a while after failures: a file that changes all the time must not keep the daemon busy. */
  mayTry(now: number): boolean {
    return now >= this.waitsUntil;
  }

  /** True when the last attempt failed for a reason that may have passed, and a while ago. */
  mayRetry(now: number): boolean {
    return this.retriesAt !== undefined && now >= this.retriesAt;
  }

  /** The file holds what is asked already: an error of a version in between is over. A new load ends a quarantine. */
  isInForce(digest: string): boolean {
    if (digest !== this.loaded.digest || this.quarantine !== undefined) return false;
    this.error = null;
    this.retriesAt = undefined;
    return true;
  }

  took(loaded: LoadedPolicy): void {
    this.loaded = loaded;
    this.error = null;
    this.quarantine = undefined;
    this.failures = 0;
    this.waitsUntil = 0;
    this.retriesAt = undefined;
  }

  /** @param mayPass the same file may be taken the next time */
  failed(error: string, now: number, mayPass: boolean): void {
    const doublings = 2 ** this.failures;
    this.error = error;
    this.waitsUntil = now + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * doublings);
    this.retriesAt = mayPass ? now + Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * doublings) : undefined;
    this.failures += 1;
  }

  status(now: number): PolicyStatus {
    const { installed, digest, manifest, loadMs } = this.loaded;
    return {
      id: this.id,
      source: this.source.shown,
      version: manifest.version,
      digest,
      hooks: installed.hooks,
      mode: installed.mode,
      state: this.quarantine === undefined ? 'active' : 'quarantined',
      loadMs,
      error: this.error ?? (this.quarantine === undefined ? null : sentenceOf(this.quarantine, now, this.source)),
    };
  }
}

function sentenceOf({ triedAt }: Quarantine, now: number, { isBuiltin }: PolicySource): string {
  const when = triedAt > now ? `in ${Math.ceil((triedAt - now) / 1_000)} s` : 'at the next occasion';
  const sentence = `it took more than it may too often and is not asked; one call tries it again ${when}`;
  return isBuiltin ? sentence : `${sentence}, a mended module in its place at once`;
}
