const LABEL = /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/;
const V6 = /^[0-9a-f:]*:[0-9a-f:.]*$/;

/** What is wrong with a pattern: a host as events have it, or `*.` and a domain. */
export function hostPatternProblem(pattern: string): string | undefined {
  if (!/^[\x21-\x7e]+$/.test(pattern)) return 'has to be a host in ASCII; write other letters in punycode (xn--…)';
  if (pattern.includes('/') || pattern.includes('@')) return 'has to be a host alone, without scheme, path or user';
  if (pattern !== pattern.toLowerCase()) return 'has to be in lower case, as the host writes it';
  if (V6.test(pattern)) return undefined;
  if (/[:[\]]/.test(pattern)) return 'has to be a host alone, without port and brackets';
  const name = pattern.startsWith('*.') ? pattern.slice(2) : pattern;
  if (name.includes('*')) return 'may have the wildcard at its start alone, as in *.example.com';
  return name.split('.').every((label) => LABEL.test(label))
    ? undefined
    : 'is not a host; it has labels and no final dot';
}

/** Lists of settings, which were checked when they were loaded. Looking at hundreds of patterns in each call is dear. */
const checked = new WeakSet<readonly unknown[]>();

export function trustPatterns(list: readonly unknown[]): void {
  checked.add(list);
}

/**
 * Exact, or below the domain after `*.`: `*.example.com` matches `a.example.com` and `a.b.example.com`, not `example.com`.
 * @throws Error when a pattern is none, so that a mistake denies instead of matching nothing
 */
export function matchesHost(
  host: { readonly text: string; readonly isIp: boolean },
  patterns: readonly string[],
): boolean {
  if (patterns.length === 0) return false;
  if (!checked.has(patterns)) patterns.forEach(checkPattern);
  return patterns.includes(host.text) || (!host.isIp && isBelowAny(host.text, patterns));
}

function checkPattern(pattern: string): void {
  const problem = hostPatternProblem(pattern);
  if (problem !== undefined) throw new Error(`the host pattern ${JSON.stringify(pattern)} ${problem}`);
}

/** Looks for `*.b.example.com`, `*.example.com` and `*.com` when the host is `a.b.example.com`. */
function isBelowAny(host: string, patterns: readonly string[]): boolean {
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
    if (patterns.includes(`*${host.slice(dot)}`)) return true;
  }
  return false;
}
