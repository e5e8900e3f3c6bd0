import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Decision, type Json, type PolicyEvent, type PolicyHook, type PolicyManifest } from '../abi.js';

/** What the test kit needs of the host that policies run in, which is `llama-orch/policy-host`. */
export interface PolicyHost {
  /** Loads a module as the daemon would. @throws Error that says why it may not be loaded */
  openPolicy(
    wasm: Uint8Array,
    options?: { readonly config?: { readonly [member: string]: Json } },
  ): Promise<OpenPolicy>;
}

/** A module that is loaded and can be asked. */
export interface OpenPolicy {
  readonly manifest: PolicyManifest;
  /** Asks one hook; `bodies` by handle, `counters` by name. What goes wrong is part of the outcome. */
  decide(
    hook: PolicyHook,
    event: PolicyEvent,
    bodies?: ReadonlyMap<number, Uint8Array>,
    options?: { readonly counters?: Readonly<Record<string, number>> },
  ): Promise<HostOutcome>;
  /** Lets go of the module. */
  close(): Promise<void>;
}

/** The part of an outcome that tests look at. */
export interface HostOutcome {
  readonly decision: Decision | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  /** About one unit per instruction; the same for the same event everywhere. */
  readonly fuel: number;
  readonly latencyUs: number;
  /** Lines that it logged. */
  readonly logs: readonly { readonly level: string; readonly text: string }[];
  /** Answers of host functions in call order, each `[name, fuel, value]`. */
  readonly hostResults: readonly Json[];
}

const HOST = 'llama-orch/policy-host';

/** The production host that is installed where the tests run. @throws Error when none is */
export async function productionHost(): Promise<PolicyHost> {
  return (await import(pathToFileURL(pathOfHost()).href)) as PolicyHost;
}

function pathOfHost(): string {
  try {
    return createRequire(join(process.cwd(), 'package.json')).resolve(HOST);
  } catch (cause) {
    throw new Error(
      `${HOST} is not installed where the tests run (${process.cwd()}): run them in the folder of the policy, with llama-orch among its packages, or pass the host`,
      { cause },
    );
  }
}
