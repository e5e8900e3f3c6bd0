import { PLUGIN_API_VERSION } from '@llama-orch/plugin-sdk';
import { type PluginReport as Report, type PluginStatus } from '@llama-orch/client';
import { type PluginReport } from '../plugin-host/plugin-host.js';
import { type PolicyStatus } from '../policy-host/policies.js';

/** Plugins as they were loaded, then policies as they are now, in the order in which they are asked. */
export function pluginsView(plugins: readonly PluginReport[], policies: readonly PolicyStatus[]): Report {
  return { api_version: PLUGIN_API_VERSION, items: [...plugins.map(pluginItem), ...policies.map(policyItem)] };
}

function pluginItem({ tookMs, kind, id, version, ...entry }: PluginReport): PluginStatus {
  return {
    ...entry,
    kind: kind ?? 'unknown',
    id: id ?? 'unknown',
    version: version ?? 'unknown',
    took_ms: tookMs,
  };
}

function policyItem({ id, version, source, state, loadMs, error, digest, mode, hooks }: PolicyStatus): PluginStatus {
  return {
    kind: 'policy',
    id,
    version,
    package: source,
    state: state === 'active' ? 'loaded' : state,
    took_ms: loadMs,
    ...(error !== null && { error }),
    digest,
    mode,
    hooks: [...hooks],
  };
}
