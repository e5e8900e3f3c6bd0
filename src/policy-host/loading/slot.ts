import { type PolicyManifest } from '@llama-orch/policy-sdk/abi';
import { type PolicyStatus } from '../policies.js';
import { type LoadedPolicy } from './load-policy.js';
import { type PolicySource } from './policy-source.js';

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/** One entry of `policies` with the module that is in force, and what became of the last attempt to replace it. */
export class Slot {
  /** Of the files at the last look: what did not change is not tried again. */
  stamp = '';
  /** Why the last attempt came to nothing. */
  error: string | null = null;
  isQuarantined = false;
  private failures = 0;
  private waitsUntil = 0;

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

  /** The file holds what is asked already: an error of a version in between is over. A quarantine ends with a new load only. */
  isInForce(digest: string): boolean {
    if (digest !== this.loaded.digest || this.isQuarantined) return false;
    this.error = null;
    return true;
  }

  took(loaded: LoadedPolicy): void {
    this.loaded = loaded;
    this.error = null;
    this.isQuarantined = false;
    this.failures = 0;
    this.waitsUntil = 0;
  }

  failed(error: string, now: number): void {
    this.error = error;
    this.waitsUntil = now + Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures += 1;
  }

  status(): PolicyStatus {
    const { installed, digest, manifest, loadMs } = this.loaded;
    return {
      id: this.id,
      source: this.source.shown,
      version: manifest.version,
      digest,
      hooks: installed.hooks,
      mode: installed.mode,
      state: this.isQuarantined ? 'quarantined' : 'active',
      loadMs,
      error: this.error,
    };
  }
}
