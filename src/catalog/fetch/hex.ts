/** The hex digits of `sha256:<hex>`: a name for files. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length);
}
