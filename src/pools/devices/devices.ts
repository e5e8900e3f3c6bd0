import { type EngineEndpoint, type GpuDevice, type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { type PoolConfig } from '../../config/index.js';
import { type ReplicaId } from '../../kernel/ids.js';
import { type Clock } from '../../kernel/clock.js';
import { type Logger } from '../../observability/logger.js';
import { type Launcher } from '../launch.js';
import { type Memory } from '../on-demand/memory.js';
import { poolModel } from '../model-ref.js';
import { type Pool } from '../pool.js';
import { type GpuReading, type Replica } from '../replica.js';
import { choose } from './choice.js';
import { DeviceLauncher } from './device-launcher.js';
import { Footprints, footprintBytes, weightsAt } from './footprints.js';
import { GpuClaims } from './gpu-claims.js';
import { type DeviceFreshness, type GpuInventory, type SeenDevice } from './gpu-inventory.js';
import { Holds } from './holds.js';
import { HostClaims } from './host-claims.js';
import { type ReadHostMemory } from './host-memory.js';
import { type CacheSize, MARGIN, cappedCache } from './kv-cap.js';
import { LedgerFeed } from './ledger-feed.js';
import { configuredLoad } from './loads.js';
import { choosesDevices, deviceProblem, maskOf, replicasOn, sharesOf } from './mask.js';
import { MemoryLedger } from './memory-ledger.js';
import { type MemoryRoom } from './memory-room.js';
import { type IsOurs } from './own-processes.js';

export interface DevicesPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly inventory: GpuInventory;
  readonly fit: NonNullable<PlacementStrategy['fit']>;
  readonly readHostMemory: ReadHostMemory;
  readonly isOurs: IsOurs;
}

/** A device, how it is, and what the ledger has of its memory. */
export interface DeviceView extends SeenDevice {
  readonly freshness: DeviceFreshness;
  readonly room: MemoryRoom | undefined;
}

/** Called when what is known of the memory of a replica's devices has changed. */
export type MemoryListener = (pool: Pool, replica: Replica) => void;

/** GPUs and memory of this machine: what there is, who has what of it, and who may start where. */
export class Devices implements Memory {
  private readonly holds = new Holds();
  private readonly footprints = new Footprints();
  private readonly ledger: MemoryLedger;
  private readonly gpus: GpuClaims;
  private readonly host: HostClaims;
  private readonly perDevice = new Set<string>();

  readonly inventory: GpuInventory;

  constructor(private readonly ports: DevicesPorts) {
    this.inventory = ports.inventory;
    const { clock, inventory, logger, fit, readHostMemory: read } = ports;
    const { footprints, holds } = this;
    this.ledger = new MemoryLedger(clock);
    const isPerDevice = (poolId: string) => this.perDevice.has(poolId);
    this.gpus = new GpuClaims({ inventory, ledger: this.ledger, holds, footprints, fit, isPerDevice, logger });
    this.host = new HostClaims({ read, ledger: new MemoryLedger(clock, false), holds, footprints, clock });
    inventory.listen(new LedgerFeed(inventory, this.ledger, ports.isOurs));
    inventory.listen(this.gpus);
  }

  /** Takes a first look, waits for it for a bounded time, and goes on looking. */
  async start(): Promise<void> {
    await this.ports.inventory.start();
  }

  close(): Promise<void> {
    return this.ports.inventory.close();
  }

  /**
   * The pool on the devices that there are: how many replicas it has.
   * @throws Error when it names devices that there are not, or spreads a model that they cannot carry
   */
  async fitted(config: PoolConfig): Promise<PoolConfig> {
    const { inventory } = this.ports;
    const devices = inventory.devices.map(({ device }) => device);
    // A machine without GPUs fails the pool, not the daemon: its driver may come later.
    if (config.device === 'gpu' && devices.length > 0) await this.demandDevices(config, devices);
    if (config.replicas === 'per-device') this.perDevice.add(config.id);
    return { ...config, replicas: await this.replicasOf(config, devices) };
  }

  private async replicasOf(config: PoolConfig, devices: readonly GpuDevice[]): Promise<number> {
    const { replicas, devices: named } = config;
    if (replicas === 'per-device' && devices.length === 0 && named !== undefined) return named.length;
    const bytes = footprintBytes(await this.footprints.of(configuredLoad(config)));
    return replicasOn(config, maskOf(config, devices), bytes * MARGIN);
  }

  /** Claims memory for every start before `inner` starts anything. */
  launcher(inner: Launcher): Launcher {
    const { clock } = this.ports;
    return new DeviceLauncher(new DeviceLauncher(inner, this.gpus, clock), this.host, clock);
  }

  /** Writes into the replicas of these pools what their devices are and have free, after each look. */
  watch(pools: readonly Pool[], changed: MemoryListener): void {
    const look = () => {
      for (const pool of pools) for (const replica of pool.replicas) this.describe(pool, replica, changed);
    };
    this.ports.inventory.listen({ changed: look });
    look();
  }

  /** All devices in the order of their index. */
  get all(): readonly DeviceView[] {
    return this.ports.inventory.devices.map((seen) => this.viewOf(seen));
  }

  /** Devices that the pool may use; none for pools that use no GPU of this machine, as far as is known. */
  ofPool({ config }: Pool): readonly DeviceView[] {
    if (config.device !== 'gpu' || (config.endpoint !== undefined && config.devices === undefined)) return [];
    const ids = new Set(maskOf(config, this.known()).map(({ id }) => id));
    return this.all.filter(({ device }) => ids.has(device.id));
  }

  /** Devices that a replica runs on. */
  ofReplica(pool: Pool, replicaId: string): readonly DeviceView[] {
    if (pool.config.endpoint !== undefined) return this.ofPool(pool);
    const ids = new Set(this.holds.of(replicaId)?.devices.map(({ id }) => id));
    return this.all.filter(({ device }) => ids.has(device.id));
  }

  /** Free memory of the fullest device of a replica; undefined while nobody knows its devices. */
  freeBytesOf(pool: Pool, replicaId: string): number | undefined {
    const free = this.ofReplica(pool, replicaId).flatMap(({ room }) => room?.freeBytes ?? []);
    return free.length === 0 ? undefined : Math.min(...free);
  }

  /** The cache that replicas of a pool are started with, where it is smaller than configured. */
  capOf(pool: Pool): CacheSize | undefined {
    return this.gpus.capOf(pool.id);
  }

  wouldFit(pool: Pool, replicaId: ReplicaId, gone: ReadonlySet<ReplicaId>): boolean {
    return this.fits(pool, this.endpointOf(pool, replicaId), gone);
  }

  /** As {@link wouldFit}, of any start, also of a model that the pool does not serve. */
  fits(pool: Pool, endpoint: EngineEndpoint, gone: ReadonlySet<ReplicaId>): boolean {
    if (this.host.concerns(pool)) return this.host.wouldFit(pool, endpoint, gone);
    if (!this.gpus.concerns(pool)) return true;
    const offers = this.gpus.offers(pool, endpoint.replicaId, gone);
    return offers.length > 0 && choose(this.gpus.needOf(pool, endpoint), offers, this.ports.fit).type !== 'refuse';
  }

  meet(one: Pool, other: Pool): boolean {
    if (this.host.concerns(one)) return this.host.concerns(other);
    if (!choosesDevices(one.config) || !choosesDevices(other.config)) return false;
    const mask = maskOf(one.config, this.known());
    return maskOf(other.config, this.known()).some((device) => mask.includes(device));
  }

  private known(): readonly GpuDevice[] {
    return this.ports.inventory.devices.map(({ device }) => device);
  }

  private viewOf(seen: SeenDevice): DeviceView {
    return { ...seen, freshness: this.ports.inventory.freshness(seen), room: this.ledger.room(seen.device.id) };
  }

  private endpointOf(pool: Pool, replicaId: string): EngineEndpoint {
    const { endpoint } = pool.replicas.find(({ id }) => id === replicaId) ?? pool.replicas[0]!;
    return { ...endpoint, ...this.gpus.capOf(pool.id) };
  }

  private describe(pool: Pool, replica: Replica, changed: MemoryListener): void {
    const freeVramBytes = this.freeBytesOf(pool, replica.id);
    const views = this.ofReplica(pool, replica.id);
    const [first] = views;
    replica.gpus = views.flatMap(readingOf);
    replica.deviceKind = first?.device.name ?? replica.deviceKind;
    if (freeVramBytes === replica.freeVramBytes) return;
    replica.freeVramBytes = freeVramBytes;
    changed(pool, replica);
  }

  private async demandDevices(config: PoolConfig, devices: readonly GpuDevice[]): Promise<void> {
    const problem = deviceProblem(config, devices) ?? (await this.cacheProblem(config, maskOf(config, devices)));
    if (problem !== undefined) throw new Error(`pool ${config.id}: ${problem}`);
  }

  private async cacheProblem(config: PoolConfig, mask: readonly GpuDevice[]): Promise<string | undefined> {
    const shares = sharesOf(config, mask.length);
    const weights = shares && (await weightsAt(poolModel(config.model).path));
    if (shares === undefined || weights?.shape === undefined) return undefined;
    const wanted = { slots: config.slots, contextTokens: config.ctx };
    const totals = mask.map(({ vramTotalBytes }) => vramTotalBytes);
    if (cappedCache({ ...weights, shape: weights.shape }, wanted, shares, totals) !== undefined) return undefined;
    return 'with this split its smallest GPU cannot carry its share of the model; change tensor_split or choose smaller weights';
  }
}

/** Nothing of a device that nobody has looked at lately. */
function readingOf({ device, freshness, sample }: DeviceView): GpuReading[] {
  if (sample === undefined || freshness === 'unknown') return [];
  const { utilizationPercent, vramUsedBytes } = sample;
  return [
    {
      device: device.index,
      ...(utilizationPercent === undefined ? {} : { utilization: utilizationPercent }),
      vram_used_bytes: vramUsedBytes,
      vram_total_bytes: device.vramTotalBytes,
    },
  ];
}
