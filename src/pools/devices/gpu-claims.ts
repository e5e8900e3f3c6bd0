import { type EngineEndpoint, EngineError, type GpuDevice, type PlacementStrategy } from '@llama-orch/plugin-sdk';
import { type Logger } from '../../observability/logger.js';
import { type Pool } from '../pool.js';
import { type DeviceNeed, type DeviceOffer, choose } from './choice.js';
import { type Attempt, type Claims } from './device-launcher.js';
import { contextOf } from '../../catalog/fetch/fit.js';
import { type Footprints, footprintBytes, weightsAt } from './footprints.js';
import { type DeviceFault, type GpuInventory, type InventoryListener } from './gpu-inventory.js';
import { type Hold, type Holds } from './holds.js';
import { type CacheSize, cappedCache } from './kv-cap.js';
import { loadOf } from './loads.js';
import { choosesDevices, maskOf, sharesOf } from './mask.js';
import { type MemoryLedger } from './memory-ledger.js';
import { noGpu, noVram } from './refusals.js';

export interface GpuClaimsPorts {
  readonly inventory: GpuInventory;
  readonly ledger: MemoryLedger;
  readonly holds: Holds;
  readonly footprints: Footprints;
  readonly fit: NonNullable<PlacementStrategy['fit']>;
  readonly isPerDevice: (poolId: string) => boolean;
  readonly logger: Logger;
}

interface Kept {
  readonly hold: Hold;
  readonly endpoint: EngineEndpoint;
  learned: boolean;
  readonly lost: Promise<EngineError>;
  readonly lose: (error: EngineError) => void;
}

/** Memory of GPUs for pools whose engines are started here. */
export class GpuClaims implements Claims, InventoryListener {
  private readonly kept = new Map<Hold, Kept>();
  private readonly caps = new Map<string, CacheSize>();

  constructor(private readonly ports: GpuClaimsPorts) {}

  concerns(pool: Pool): boolean {
    return choosesDevices(pool.config);
  }

  /** Smaller than configured where one model is spread over devices of which the smallest cannot carry its share. */
  capOf(poolId: string): CacheSize | undefined {
    return this.caps.get(poolId);
  }

  async prepare(pool: Pool, endpoint: EngineEndpoint): Promise<EngineEndpoint> {
    const mask = this.mask(pool);
    const shares = sharesOf(pool.config, mask.length);
    if (shares === undefined || shares.length !== mask.length) return endpoint;
    const weights = await weightsAt(endpoint.model.path);
    if (weights?.shape === undefined) return endpoint;
    const totals = mask.map(({ vramTotalBytes }) => vramTotalBytes);
    const wanted = { slots: endpoint.slots, contextTokens: contextOf(weights.shape, endpoint) };
    const cache = cappedCache({ ...weights, shape: weights.shape }, wanted, shares, totals);
    if (cache === undefined || (cache.slots === wanted.slots && cache.contextTokens === wanted.contextTokens))
      return endpoint;
    this.note(pool, endpoint, cache);
    return { ...endpoint, ...cache };
  }

  async attempt(pool: Pool, endpoint: EngineEndpoint): Promise<Attempt> {
    const { footprints, inventory } = this.ports;
    await footprints.of(loadOf(pool, endpoint));
    await inventory.refresh();
    return this.claim(pool, endpoint);
  }

  loaded({ claim }: Hold): void {
    claim.loaded();
    // Seen soon, it stands in nobody's way for longer than needed.
    void this.ports.inventory.refresh();
  }

  /** Memory ran out although it had been promised: less is promised from now on. */
  failed({ devices }: Hold, { code, memory }: EngineError): void {
    if (code === 'out-of-memory' && memory !== 'host') this.ports.ledger.exhausted(devices.map(({ id }) => id));
  }

  end(hold: Hold): void {
    this.kept.delete(hold);
    this.ports.holds.end(hold);
  }

  lost(hold: Hold): Promise<EngineError> {
    return this.kept.get(hold)!.lost;
  }

  /** What replicas were seen to take is what the next ones are expected to. */
  changed(): void {
    for (const one of this.kept.values()) {
      if (one.learned || !one.hold.claim.settled) continue;
      one.learned = true;
      const bytes = [...one.hold.claim.bytes.values()].reduce((sum, share) => sum + share, 0);
      this.ports.footprints.learn(loadOf(one.hold.pool, one.endpoint), bytes);
    }
  }

  fault(device: GpuDevice, reason: DeviceFault): void {
    const what = reason === 'ecc_error' ? 'has uncorrected memory errors' : 'was reset by its driver';
    const error = new EngineError('reset', `GPU ${device.index} ${what}; what ran on it is lost`, { reason });
    for (const { hold, lose } of this.kept.values()) if (hold.devices.some(({ id }) => id === device.id)) lose(error);
  }

  /** Devices that a start may take, as they are now. `gone`: replicas whose memory is counted as free. */
  offers(pool: Pool, replicaId: string, gone: ReadonlySet<string> = new Set()): readonly DeviceOffer[] {
    const { holds, ledger } = this.ports;
    return this.mask(pool).flatMap((device) => {
      const room = ledger.room(device.id);
      if (room === undefined) return [];
      const freed = holds.bytesOn(device.id, gone);
      const siblings = holds.siblingsOn(device.id, pool, replicaId);
      const more = (bytes: number) => Math.min(room.capacityBytes, bytes + freed);
      return [{ device, freeBytes: more(room.freeBytes), hopedBytes: more(room.hopedBytes), siblings }];
    });
  }

  needOf(pool: Pool, endpoint: EngineEndpoint): DeviceNeed {
    const known = this.ports.footprints.known(loadOf(pool, endpoint));
    const tensorSplit = sharesOf(pool.config, this.mask(pool).length);
    const footprint = known && { ...known, ...(tensorSplit === undefined ? {} : { tensorSplit }) };
    return { footprint, isPerDevice: this.ports.isPerDevice(pool.id) };
  }

  private claim(pool: Pool, endpoint: EngineEndpoint): Attempt {
    const { replicaId } = endpoint;
    const offers = this.offers(pool, replicaId);
    if (offers.length === 0)
      return { type: 'refused', error: noGpu(pool.id, pool.config.devices, this.ports.inventory.devices.length) };
    const need = this.needOf(pool, endpoint);
    const verdict = choose(need, offers, this.ports.fit);
    if (verdict.type === 'wait') return verdict;
    const claim = verdict.type === 'take' ? this.ports.ledger.claim(verdict.bytes) : undefined;
    if (verdict.type === 'refuse' || claim === undefined)
      return { type: 'refused', error: noVram(replicaId, footprintBytes(need.footprint), offers) };
    return { type: 'held', hold: this.keep({ pool, replicaId, devices: verdict.devices, claim }, endpoint) };
  }

  private keep(hold: Hold, endpoint: EngineEndpoint): Hold {
    let lose: Kept['lose'] = () => {};
    const lost = new Promise<EngineError>((resolve) => (lose = resolve));
    this.kept.set(hold, { hold, endpoint, learned: false, lost, lose });
    this.ports.holds.add(hold);
    return hold;
  }

  private mask({ config }: Pool): readonly GpuDevice[] {
    return maskOf(
      config,
      this.ports.inventory.devices.map(({ device }) => device),
    );
  }

  private note(pool: Pool, endpoint: EngineEndpoint, cache: CacheSize): void {
    const { slots, contextTokens } = cache;
    const before = this.caps.get(pool.id);
    if (before?.slots === slots && before.contextTokens === contextTokens) return;
    this.caps.set(pool.id, cache);
    const message = `pool ${pool.id} has ${slots} slots of ${contextTokens} tokens, so that its smallest GPU can carry its share`;
    this.ports.logger.warn('pool_state', message, {
      pool_id: pool.id,
      slots,
      ctx: contextTokens,
      configured_slots: endpoint.slots,
    });
  }
}
