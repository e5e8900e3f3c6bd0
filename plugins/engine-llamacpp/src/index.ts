import { defineEngineAdapter, EngineError, type EngineConnection, type EngineEndpoint } from '@llama-orch/plugin-sdk';
import { Upstream } from '@llama-orch/plugin-sdk/http';
import { LlamaCppConnection } from './connection.js';
import { llamaCppOptions, type LlamaCppOptions } from './options.js';

export { llamaCppOptions, type LlamaCppOptions } from './options.js';

/** Adapter for llama-server, the HTTP server of llama.cpp. */
export default defineEngineAdapter<LlamaCppOptions>({
  id: 'llamacpp',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: llamaCppOptions,
  create: (options, context) => ({
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

function upstreamOf({ url, poolId }: EngineEndpoint, options: LlamaCppOptions): Upstream {
  if (url === undefined) {
    throw new EngineError('invalid-input', `Pool ${poolId} needs endpoint.url: where its llama-server listens.`, {
      reason: 'no_url',
    });
  }
  try {
    return new Upstream({ url, headers: keyHeaders(options.api_key_env) });
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const why = cause instanceof Error ? cause.message : 'The url cannot be used.';
    throw new EngineError('invalid-input', `Pool ${poolId}: ${why}`, { reason: 'bad_url', cause });
  }
}

function keyHeaders(variable: string | undefined): Readonly<Record<string, string>> {
  if (variable === undefined) return {};
  const key = process.env[variable];
  if (key === undefined || key === '') {
    throw new EngineError(
      'unavailable',
      `The environment variable ${variable} (api_key_env) is not set; set it and restart.`,
      {
        reason: 'engine_auth',
      },
    );
  }
  return { authorization: `Bearer ${key}` };
}
