import { type Json } from '@llama-orch/policy-sdk/abi';
import { type RecordedOutcome } from '../policy-host/decision-record.js';
import { prepareModule } from '../policy-host/module/prepare.js';
import { type PreparedModule } from '../policy-host/module/prepared-module.js';
import { DEFAULT_ENGINE } from '../policy-host/sandbox/engine/engine-name.js';
import { engineOf } from '../policy-host/sandbox/engine/engines.js';
import { PolicyInstance } from '../policy-host/sandbox/instance/policy-instance.js';
import { type SeatedPolicy } from '../policy-host/sandbox/run-chain.js';
import { type ModuleStore } from './decisions.js';

type Bounds = RecordedOutcome['limits'];

/** A module that is ready to be asked. */
export class Bench {
  private constructor(
    readonly prepared: PreparedModule,
    private readonly instance: PolicyInstance,
  ) {}

  /** @throws PolicyError when the module may not be loaded, or does not start */
  static async open(bytes: Uint8Array, bounds: Bounds): Promise<Bench> {
    const prepared = prepareModule(bytes, bounds);
    return new Bench(prepared, await PolicyInstance.open(prepared, await engineOf(DEFAULT_ENGINE)));
  }

  /** Its seat in a chain: what it answered without an error, a patch for one, it was allowed to answer. */
  seat({ policy, config, counts, error }: RecordedOutcome): SeatedPolicy {
    const mode = counts ? 'enforce' : 'monitor';
    return { ...this.chair(config), id: policy, mayModify: error === null, mode };
  }

  close(): Promise<void> {
    return this.instance.close();
  }

  private chair(config: { readonly [member: string]: Json }) {
    const { eventBytes } = this.prepared.limits;
    return { instance: this.instance, configText: JSON.stringify(config), config, eventBytes };
  }
}

/** Why a policy of a record cannot be asked again. */
export interface NoBench {
  readonly why: string;
}

/** Modules of records, each opened once with the bounds that it had. */
export class Benches {
  private readonly open = new Map<string, Promise<Bench | NoBench>>();

  constructor(private readonly modules: ModuleStore) {}

  of({ digest, limits }: RecordedOutcome): Promise<Bench | NoBench> {
    const name = JSON.stringify([digest, limits]);
    const known = this.open.get(name);
    if (known !== undefined) return known;
    const opening = this.opened(digest, limits);
    this.open.set(name, opening);
    return opening;
  }

  async close(): Promise<void> {
    for (const one of await Promise.all(this.open.values())) if (one instanceof Bench) await one.close();
  }

  private async opened(digest: string, limits: Bounds): Promise<Bench | NoBench> {
    const bytes = await this.modules.read(digest);
    if (bytes === undefined)
      return {
        why: `the module ${digest} is not here; name the data folder with --dir, or a folder that has it with --modules`,
      };
    try {
      return await Bench.open(bytes, limits);
    } catch (error) {
      return { why: `the module ${digest} cannot be loaded: ${(error as Error).message}` };
    }
  }
}
