import { defineEngineAdapter, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { bearerHeader, engineUpstream, openAiAddress, type Upstream } from '@llama-orch/plugin-sdk/http';
import { LlamaCppConnection } from './connection.js';
import { llamaCppOptions, type LlamaCppOptions } from './options.js';
import { llamaServerProgram } from './program.js';

export { llamaCppOptions, type LlamaCppOptions } from './options.js';

/** Adapter for llama-server, the HTTP server of llama.cpp. */
export default defineEngineAdapter<LlamaCppOptions>({
  id: 'llamacpp',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: llamaCppOptions,
  create: (options, context) => ({
    program: llamaServerProgram,
    async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
      const connection = new LlamaCppConnection(upstreamOf(endpoint, options), endpoint, options, context);
      try {
        await connection.reach();
        return connection;
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  }),
});

/** Urls are often copied from clients, with the `/v1` of the OpenAI routes. */
function upstreamOf(endpoint: EngineEndpoint, options: LlamaCppOptions): Upstream {
  const url = endpoint.url === undefined ? undefined : openAiAddress(endpoint.url).rootUrl;
  return engineUpstream({ poolId: endpoint.poolId, url }, bearerHeader(options.api_key_env, 'api_key_env'));
}
