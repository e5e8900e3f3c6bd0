import { defineEngineAdapter, EngineError, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import {
  bearerHeader,
  engineUpstream,
  MetricsRoute,
  metricsPath,
  openAiAddress,
  OpenAiServer,
} from '@llama-orch/plugin-sdk/http';
import { OpenAiConnection, type OpenAiParts } from './connection.js';
import { openAiOptions, type OpenAiOptions } from './options.js';

export { openAiOptions, type OpenAiOptions } from './options.js';

const REACH_MS = 2_000;

/** Adapter for any server that speaks the OpenAI API. */
export default defineEngineAdapter<OpenAiOptions>({
  id: 'openai',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: openAiOptions,
  create: (options, context) => ({
    async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
      const parts = partsOf(endpoint, options);
      const connection = new OpenAiConnection(parts, endpoint, options, context);
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

/** Only nobody at all is a failure here; `health` tells everything else. */
async function reach({ server, api }: OpenAiParts): Promise<void> {
  await server.get(`${api}/models`, AbortSignal.timeout(REACH_MS)).catch((error: unknown) => {
    if (error instanceof EngineError && error.reason === 'unreachable') throw error;
  });
}

function partsOf(endpoint: EngineEndpoint, options: OpenAiOptions): OpenAiParts {
  const { url, poolId, model } = endpoint;
  const { rootUrl, api } = openAiAddress(url ?? '');
  const headers = bearerHeader(options.api_key_env, 'api_key_env');
  const upstream = engineUpstream({ ...endpoint, url: url === undefined ? undefined : rootUrl }, headers);
  const server = new OpenAiServer(upstream, api, model.id);
  const { metrics_url } = options;
  if (metrics_url === undefined) return { upstreams: [upstream], upstream, server, api, metrics: undefined };
  const elsewhere = engineUpstream({ poolId, url: metrics_url });
  const metrics = new MetricsRoute(elsewhere, metricsPath(metrics_url));
  return { upstreams: [upstream, elsewhere], upstream, server, api, metrics };
}
