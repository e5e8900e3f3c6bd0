/** Bodies with more values than any good one has are told their first violation alone: a list of millions would stop the daemon. */
export function hasManyValues(body: unknown): boolean {
  const open: unknown[] = [body];
  for (let seen = 0; open.length > 0;) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    const inside: readonly unknown[] = Array.isArray(value) ? value : Object.values(value);
    seen += inside.length;
    if (seen > MOST_VALUES) return true;
    open.push(...inside);
  }
  return false;
}

const MOST_VALUES = 10_000;
