import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.js';

/** Names the content of a receipt: everything in it but the digest itself. */
export function digestOf(receipt: object): string {
  const { digest: _, ...content } = receipt as { readonly digest?: string };
  return `sha256:${createHash('sha256').update(canonicalJson(content)).digest('hex')}`;
}
