const NAMES = 'hash|token(?!s|_ms)|secret|password|passwd|credential|authorization|api_?key';
const SECRET_MEMBER = new RegExp(`([\\w.-]*(?:${NAMES})[\\w.-]*["']?\\s*:\\s*)\\S.*$`, 'i');

export const MASK = '***';

/** A line of a file without what follows a key that sounds like a secret. */
export function maskSecrets(line: string): string {
  return line.replace(SECRET_MEMBER, `$1${MASK}`);
}

/** Whether a member of that name is taken for a secret. */
export function soundsSecret(key: string): boolean {
  return new RegExp(NAMES, 'i').test(key);
}
