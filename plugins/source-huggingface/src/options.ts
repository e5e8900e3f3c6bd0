import { readFileSync } from 'node:fs';
import { z } from '@llama-orch/plugin-sdk';

/** What an operator may write under `catalog.sources.huggingface`. */
export const hubOptions = z.strictObject({
  /** Base address of the hub; one that is not the default may be private. */
  endpoint: z
    .url({ protocol: /^https?$/ })
    .refine((url) => URL.parse(url)?.pathname === '/', 'must be scheme, host and port alone')
    .optional(),
  /** Environment variable of the token; also read with `_FILE` at its end, as the name of a file. */
  token_env: z.string().min(1).max(200).default('HF_TOKEN'),
});

export type HubOptions = z.output<typeof hubOptions>;

/** The operator's key to the hub; undefined: only what everybody may read. @throws Error when its file cannot be read */
export function tokenOf(
  { token_env: name }: Pick<HubOptions, 'token_env'>,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const file = env[`${name}_FILE`];
  const token = env[name] ?? (file === undefined ? undefined : contentOf(file, `${name}_FILE`));
  return token?.trim() || undefined;
}

function contentOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Error(`the file that ${name} names cannot be read; correct the path or its rights`, { cause });
  }
}
