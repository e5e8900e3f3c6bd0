import { type PlacementStrategy, type QueueDisciplineFactory } from '@llama-orch/plugin-sdk';
import { type FleetConfig, type FleetPool } from '../../config/index.js';
import { type ReplicaId, poolId, replicaId } from '../../kernel/ids.js';
import { type Random } from '../../kernel/random.js';
import { newCorePool } from '../core-pool.js';
import { preemptionRules } from '../preemption-rules.js';
import { type Rates } from '../forecast/estimator.js';
import { PoolOutlook } from '../forecast/pool-outlook.js';
import { overloadRules } from '../overload-rules.js';
import { clampRetryMs } from '../promises/retry-wait.js';
import { kindOf } from '../rates/rate-reports.js';
import { SimReplica } from './sim-replica.js';
import { type Fault } from './workload.js';

/** The machines of a simulation: pools with the production outlook, and the replicas that really serve. */
export class SimFleet {
  readonly outlooks: PoolOutlook[] = [];
  /** In the order of the file. */
  readonly replicas: SimReplica[] = [];
  readonly faults: Fault[] = [];
  private readonly byId = new Map<ReplicaId, SimReplica>();
  private readonly configOf = new Map<PoolOutlook, FleetPool>();

  constructor(
    fleet: FleetConfig,
    queues: QueueDisciplineFactory,
    strategy: PlacementStrategy,
    random: Random,
    private readonly clock: { readonly now: number },
  ) {
    for (const config of fleet.pools) {
      const rates = { prefill: config.perf.prefill_tps, decode: config.perf.decode_tps };
      const core = newCorePool(
        ...([poolId(config.id), config, queues, strategy] as const),
        preemptionRules(fleet.preemption),
        fleet.scheduler.affinity_max_load,
      );
      const outlook = new PoolOutlook(core, rates, random, undefined, overloadRules(fleet.scheduler));
      this.outlooks.push(outlook);
      this.configOf.set(outlook, config);
      this.addReplicas(config, outlook);
    }
  }

  replica(id: ReplicaId): SimReplica {
    return this.byId.get(id)!;
  }

  /** What the configuration says of a replica's speed, and the device and model that it shares with its like. */
  assumed({ outlook, labels }: SimReplica): { readonly kind: string; readonly declared: Rates } {
    const { model = '', perf } = this.configOf.get(outlook)!;
    return { kind: kindOf(labels.device, model), declared: { prefill: perf.prefill_tps, decode: perf.decode_tps } };
  }

  /** Pools that serve the model and have a replica that is ready. */
  usableFor(model: string | undefined): PoolOutlook[] {
    return this.outlooks.filter((outlook) => this.serves(outlook, model) && isReady(outlook));
  }

  /** When one of the pools will be back, as a caller is told; undefined when none of them ever will. */
  readyInMs(model: string | undefined): number | undefined {
    const back = this.replicas
      .filter(({ outlook }) => this.serves(outlook, model))
      .flatMap(({ backAtMs }) => backAtMs ?? []);
    return back.length === 0 ? undefined : clampRetryMs(Math.min(...back) - this.clock.now);
  }

  private serves(outlook: PoolOutlook, model: string | undefined): boolean {
    const own = this.configOf.get(outlook)?.model;
    return model === undefined || own === undefined || model === own;
  }

  private addReplicas({ replicas }: FleetPool, outlook: PoolOutlook): void {
    let index = 0;
    for (const group of replicas) {
      for (let copy = 0; copy < group.count; copy++) {
        const id = replicaId(outlook.pool.id, index++);
        const { slots, prefill_tps: prefillTps, decode_tps: decodeTps, slowdown, interruptible, labels } = group;
        const number = this.replicas.length;
        const speed = { slots, prefillTps, decodeTps, slowdown, interruptible };
        const replica = new SimReplica(number, id, outlook, speed, labels, this.clock);
        this.replicas.push(replica);
        this.byId.set(id, replica);
        for (const { at_ms: atMs, back_ms: backMs } of group.faults)
          this.faults.push({ replica: number, atMs, backMs });
      }
    }
  }
}

function isReady({ pool }: PoolOutlook): boolean {
  for (const { ready } of pool.replicas.values()) if (ready) return true;
  return false;
}
