import { defineEngineAdapter, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { bearerHeader, engineUpstream, MetricsRoute } from '@llama-orch/plugin-sdk/http';
import { TgiConnection } from './connection.js';
import { tgiOptions, type TgiOptions } from './options.js';
import { tgiProgram } from './program.js';
import { TgiServer } from './tgi-server.js';

export { tgiOptions, type TgiOptions } from './options.js';

/** Adapter for Text Generation Inference. */
export default defineEngineAdapter<TgiOptions>({
  id: 'tgi',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: tgiOptions,
  create: (options, context) => ({
    program: tgiProgram,
    async connect(endpoint: EngineEndpoint): Promise<EngineConnection> {
      const upstream = engineUpstream(endpoint, bearerHeader(options.api_key_env, 'api_key_env'));
      const server = new TgiServer(upstream, new MetricsRoute(upstream, '/metrics'));
      const connection = new TgiConnection(upstream, server, endpoint, options, context);
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
