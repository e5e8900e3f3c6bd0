import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { type Manifest } from '../entry.js';

/** What a digest is made of. */
export type FileDigest = Pick<Manifest, 'path' | 'digest' | 'sizeBytes'>;

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** True for `sha256:` and 64 hex digits in lower case, the only form that is compared. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Files in the order of a manifest: that of the UTF-8 bytes of their paths, which is that of their code points. */
export function inOrder<File extends { readonly path: string }>(files: readonly File[]): File[] {
  return files
    .map((file) => ({ file, key: Buffer.from(file.path) }))
    .sort((a, b) => a.key.compare(b.key))
    .map(({ file }) => file);
}

/**
 * The digest of a model: that of its file when it has one alone, else `sha256:<hex>` over the RFC 8785 form of
 * `[{path, digest, size_bytes}]`, sorted by path. The order of the files does not matter.
 */
export function digestOf(files: readonly FileDigest[]): string {
  const [first, ...others] = files;
  if (first !== undefined && others.length === 0) return first.digest;
  const rows = inOrder(files).map(({ path, digest, sizeBytes }) => ({ path, digest, size_bytes: sizeBytes }));
  return `sha256:${createHash('sha256').update(canonicalJson(rows)).digest('hex')}`;
}
