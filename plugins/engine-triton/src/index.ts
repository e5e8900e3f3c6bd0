import { defineEngineAdapter, EngineError, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { bearerHeader, engineUpstream, MetricsRoute, metricsPath } from '@llama-orch/plugin-sdk/http';
import { TritonConnection, type TritonParts } from './connection.js';
import { tritonOptions, type TritonOptions } from './options.js';
import { TritonServer } from './triton-server.js';

export { tritonOptions, type TritonOptions } from './options.js';

const HTTP_PORT = '8000';
const METRICS_PORT = '8002';

/** Adapter for Triton Inference Server, whichever backend decodes. */
export default defineEngineAdapter<TritonOptions>({
  id: 'triton',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: tritonOptions,
  create: (options, context) => ({
    async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
      refuseSeveralSlots(endpoint, options);
      const connection = new TritonConnection(partsOf(endpoint, options), endpoint, options, context);
      try {
        await connection.open();
        return connection;
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  }),
});

/** Requests beside each other are decoded in one batch, which changes the last decimals. */
function refuseSeveralSlots({ poolId, slots }: EngineEndpoint, { determinism }: TritonOptions): void {
  if (determinism === 'best_effort' || slots === 1) return;
  const message = `Pool ${poolId}: the option determinism says exact, which needs slots: 1; it has ${slots}.`;
  throw new EngineError('invalid-input', message, { reason: 'not_supported' });
}

function partsOf(endpoint: EngineEndpoint, options: TritonOptions): TritonParts {
  const upstream = engineUpstream(endpoint, keyHeader(options));
  const metricsUrl = metricsUrlOf(endpoint, options);
  const elsewhere = metricsUrl === undefined ? [] : [engineUpstream({ poolId: endpoint.poolId, url: metricsUrl })];
  const [metrics] = elsewhere;
  const route = metrics && metricsUrl ? new MetricsRoute(metrics, metricsPath(metricsUrl)) : undefined;
  const model = options.model_name ?? endpoint.model.id;
  return {
    upstreams: [upstream, ...elsewhere],
    upstream,
    server: new TritonServer(upstream, route, model, options.model_version),
  };
}

/** A server on its usual port has its metrics two ports further. */
function metricsUrlOf({ url }: EngineEndpoint, { metrics_url }: TritonOptions): string | undefined {
  if (metrics_url?.startsWith('/') === true) return new URL(metrics_url, url).href;
  if (metrics_url !== undefined || url === undefined || new URL(url).port !== HTTP_PORT) return metrics_url;
  const usual = new URL('/metrics', url);
  usual.port = METRICS_PORT;
  return usual.href;
}

function keyHeader({ api_key_env, api_key_header }: TritonOptions): Readonly<Record<string, string>> {
  const bearer = bearerHeader(api_key_env, 'api_key_env');
  const { authorization } = bearer;
  if (api_key_header === undefined || authorization === undefined) return bearer;
  return { [api_key_header.toLowerCase()]: authorization.replace(/^Bearer /, '') };
}
