import { defineEngineAdapter, EngineError, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { bearerHeader, engineUpstream, MetricsRoute, metricsPath, openAiAddress } from '@llama-orch/plugin-sdk/http';
import { VllmConnection, type VllmParts } from './connection.js';
import { vllmOptions, type VllmOptions } from './options.js';
import { vllmProgram } from './program.js';
import { VllmServer } from './vllm-server.js';

export { vllmOptions, type VllmOptions } from './options.js';

const REACH_MS = 2_000;

/** Adapter for vLLM. */
export default defineEngineAdapter<VllmOptions>({
  id: 'vllm',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: vllmOptions,
  create: (options, context) => ({
    program: vllmProgram,
    async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
      const parts = partsOf(endpoint, options);
      const connection = new VllmConnection(parts, endpoint, options, context);
      try {
        await reach(parts);
        return connection;
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  }),
});

/** A server that listens and says nothing is loading; only nobody at all is a failure. */
async function reach({ server }: VllmParts): Promise<void> {
  await server.health(AbortSignal.timeout(REACH_MS)).catch((error: unknown) => {
    if (error instanceof EngineError && error.reason === 'unreachable') throw error;
  });
}

function partsOf(endpoint: EngineEndpoint, options: VllmOptions): VllmParts {
  const { url, poolId, model } = endpoint;
  const { rootUrl, api } = openAiAddress(url ?? '');
  const headers = bearerHeader(options.api_key_env, 'api_key_env');
  const upstream = engineUpstream({ ...endpoint, url: url === undefined ? undefined : rootUrl }, headers);
  const { metrics_url } = options;
  const elsewhere = metrics_url === undefined ? undefined : engineUpstream({ poolId, url: metrics_url });
  const path = metrics_url === undefined ? '/metrics' : metricsPath(metrics_url);
  const server = new VllmServer(upstream, new MetricsRoute(elsewhere ?? upstream, path), api, model.id);
  return { upstreams: elsewhere === undefined ? [upstream] : [upstream, elsewhere], upstream, server, api };
}
