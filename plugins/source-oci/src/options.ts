import { z } from '@llama-orch/plugin-sdk';

const host = () => z.string().min(1).max(253);
const variable = () => z.string().min(1).max(200);

/** What an operator may write under `catalog.sources.oci`. */
export const ociOptions = z.strictObject({
  /** Registries, with their ports, that are asked without TLS; they may be private. */
  plain_http: z.array(host()).max(32).default([]),
  /** Environment variables of user and password, by registry. */
  credentials: z.record(host(), z.strictObject({ username_env: variable(), password_env: variable() })).default({}),
});

export type OciOptions = z.output<typeof ociOptions>;
export type Environment = Readonly<Record<string, string | undefined>>;
