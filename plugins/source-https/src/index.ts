import { defineModelSource, z } from '@llama-orch/plugin-sdk';
import { HttpsSource } from './https-source.js';

/** Models behind a plain HTTPS address. */
export default defineModelSource({
  id: 'https',
  version: '0.1.0',
  apiVersion: '^1.0.0',
  options: z.strictObject({
    /** Hosts, with their ports, that are asked without TLS. */
    plain_http: z.array(z.string().min(1).max(253)).max(32).default([]),
    /** Environment variables that hold the `Authorization` of a host, such as `Bearer …`, by host. */
    authorization_env: z.record(z.string().min(1).max(253), z.string().min(1).max(200)).default({}),
  }),
  create: (options) => new HttpsSource(options, process.env),
});
