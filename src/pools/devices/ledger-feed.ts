import { type GpuSample } from '@llama-orch/plugin-sdk';
import { type GpuInventory, type InventoryListener } from './gpu-inventory.js';
import { type MemoryLedger } from './memory-ledger.js';
import { type IsOurs } from './own-processes.js';

/** Brings what the inventory sees into the ledger. */
export class LedgerFeed implements InventoryListener {
  private readonly taken = new Map<string, GpuSample>();

  constructor(
    private readonly inventory: GpuInventory,
    private readonly ledger: MemoryLedger,
    private readonly isOurs: IsOurs,
  ) {}

  changed(): void {
    const { inventory, ledger } = this;
    ledger.setDevices(
      inventory.devices.map(({ device: { id, vramTotalBytes } }) => ({ id, totalBytes: vramTotalBytes })),
    );
    for (const seen of inventory.devices) {
      const { sample, sampledAt: at, device } = seen;
      if (sample === undefined || at === undefined) continue;
      if (inventory.freshness(seen) === 'unknown') ledger.forget(device.id);
      else if (this.taken.get(device.id) !== sample)
        ledger.observe(device.id, { usedBytes: sample.vramUsedBytes, at, ...this.own(sample) });
      this.taken.set(device.id, sample);
    }
  }

  private own({ processes }: GpuSample): { ownBytes?: number } {
    if (processes === undefined) return {};
    const ours = processes.filter(({ pid }) => this.isOurs(pid));
    return { ownBytes: ours.reduce((sum, { vramUsedBytes }) => sum + vramUsedBytes, 0) };
  }
}
