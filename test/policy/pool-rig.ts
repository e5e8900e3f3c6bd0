import { type PolicyHook } from '@llama-orch/policy-sdk/abi';
import { SystemClock } from '../../src/kernel/clock.js';
import { type PolicyLimits } from '../../src/policy-host/limits.js';
import { prepareModule } from '../../src/policy-host/module/prepare.js';
import { type ChainCall } from '../../src/policy-host/sandbox/chain.js';
import { type InstalledPolicy } from '../../src/policy-host/sandbox/policy-set.js';
import { SandboxPool, type SandboxPoolOptions } from '../../src/policy-host/sandbox/pool/sandbox-pool.js';
import { requestEvent } from './events.js';

/** No policy of a test that is not about time is ended by it, however slow the machine is. */
export const LATE_MS = 60_000;
const HOOKS = ['on_request', 'on_response', 'on_admission'] as const satisfies readonly PolicyHook[];

export type Installable = Partial<Omit<InstalledPolicy, 'prepared'>> & { readonly limits?: Partial<PolicyLimits> };

/** A policy with the settings that a test does not care about. */
export function installable(bytes: Uint8Array, { limits, ...settings }: Installable = {}): InstalledPolicy {
  const prepared = prepareModule(bytes, limits);
  return {
    id: prepared.manifest.name,
    prepared,
    config: prepared.manifest.defaults,
    mayModify: false,
    hooks: HOOKS,
    mode: 'enforce',
    onError: { on_request: 'deny', on_response: 'deny', on_admission: 'allow' },
    ...settings,
  };
}

export function requestCall(members: Partial<ChainCall> = {}): ChainCall {
  return { hook: 'on_request', event: requestEvent(), bodies: new Map(), counters: {}, ...members };
}

/** Pools that are closed when the test is over. */
export class Pools {
  private readonly pools: SandboxPool[] = [];

  open(options: Partial<SandboxPoolOptions> = {}): SandboxPool {
    const pool = new SandboxPool({ clock: new SystemClock(), workers: 1, deadlineMs: LATE_MS, ...options });
    this.pools.push(pool);
    return pool;
  }

  async with(policies: readonly InstalledPolicy[], options: Partial<SandboxPoolOptions> = {}): Promise<SandboxPool> {
    const pool = this.open(options);
    await pool.install({ policies });
    return pool;
  }

  async close(): Promise<void> {
    await Promise.all(this.pools.splice(0).map((pool) => pool.close()));
  }
}
