import { readFileSync } from 'node:fs';

/** Version of llama-orch, as its package names it. */
export const SOFTWARE_VERSION = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { readonly version: string }
).version;
