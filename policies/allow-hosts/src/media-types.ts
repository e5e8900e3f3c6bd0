/** True when the type, in lower case and without parameters, is one of the patterns: `type/subtype` or `type/*`. */
export function isMediaTypeOf(type: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const plain = pattern.toLowerCase();
    return plain.endsWith('/*') ? type.startsWith(plain.slice(0, -1)) : type === plain;
  });
}
