import { type PluginKind } from '@llama-orch/plugin-sdk';
import { type Config } from '../../config/index.js';
import { SOFTWARE_VERSION } from '../../kernel/version.js';
import { type PluginReport } from '../../plugin-host/plugin-host.js';
import { type ReceiptSettings } from './receipts.js';

/** How many receipts are kept, and what stands on each of them. */
export function receiptSettings(
  { discipline, placement, receipts_kept: kept }: Config['scheduler'],
  loaded: readonly PluginReport[],
): ReceiptSettings {
  const named = (kind: PluginKind, id: string) =>
    `${id}@${loaded.find((plugin) => plugin.kind === kind && plugin.id === id)?.version ?? 'unknown'}`;
  const plugins = {
    discipline: named('queue-discipline', discipline),
    placement: named('placement-strategy', placement),
  };
  return { kept, madeBy: { software: SOFTWARE_VERSION, plugins } };
}
