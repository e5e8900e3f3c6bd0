import { z } from '@llama-orch/plugin-sdk';
import { type Keys } from './sign.js';

const variable = (name: string) => z.string().min(1).max(200).default(name);

/** What an operator may write under `catalog.sources.s3`. */
export const s3Options = z.strictObject({
  /** Base address of a service that speaks like S3; it may be private. Default: that of AWS in the region. */
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine((url) => URL.parse(url)?.pathname === '/', 'must be scheme, host and port alone')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .default('us-east-1'),
  /** true: the bucket stands in the path. Default: true with an endpoint, else in the name of the host. */
  path_style: z.boolean().optional(),
  /** true: nothing is signed, for buckets that everybody may read. */
  anonymous: z.boolean().default(false),
  access_key_env: variable('AWS_ACCESS_KEY_ID'),
  secret_key_env: variable('AWS_SECRET_ACCESS_KEY'),
  session_token_env: variable('AWS_SESSION_TOKEN'),
});

export type S3Options = z.output<typeof s3Options>;

/** Read anew for each call, as keys of a session run out. Undefined: nothing is signed. */
export function keysOf(
  { anonymous, access_key_env, secret_key_env, session_token_env }: S3Options,
  env: Readonly<Record<string, string | undefined>>,
): Keys | undefined {
  const [accessKey, secretKey] = [env[access_key_env], env[secret_key_env]];
  if (anonymous || !accessKey || !secretKey) return undefined;
  return { accessKey, secretKey, sessionToken: env[session_token_env] || undefined };
}
