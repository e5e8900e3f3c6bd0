import { type RedactionMethod } from '@llama-orch/policy-sdk/abi';
import { REDACTED } from '../../observability/redactor.js';
import { pseudonymOf } from '../../policy-host/sandbox/host/findings.js';

/** `erase` is the host's own: what is hidden leaves nothing. */
export type Hiding = RedactionMethod | 'erase';

export interface HidingKey {
  readonly key: Uint8Array;
  readonly tenant: string;
}

const SHOWN = 4;
const TOKEN_DIGITS = 16;

/** What stands in place of a text. `drop` of a part leaves nothing; of a whole value, the caller takes the value out. */
export function hidden(text: string, how: Hiding, { key, tenant }: HidingKey): string {
  switch (how) {
    case 'mask':
      return text.length > 2 * SHOWN ? `****${text.slice(-SHOWN)}` : '****';
    case 'hash':
      return `hmac:${pseudonymOf(key, tenant, text)}`;
    case 'tokenise':
      return `tok_${pseudonymOf(key, tenant, `token:${text}`).slice(0, TOKEN_DIGITS)}`;
    case 'drop':
      return '';
    case 'erase':
      return REDACTED;
  }
}
