/** Where a value stands in the configuration: member names and list indexes. */
export type Path = readonly (string | number)[];

/** `pools[0].queue.capacity`; the empty path is the whole configuration. */
export function pathText(path: Path): string {
  return path.map((step, at) => stepText(step, at)).join('');
}

function stepText(step: string | number, at: number): string {
  if (typeof step === 'number') return `[${step}]`;
  return at === 0 ? step : `.${step}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, or undefined when there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => memberOf(value, step), root);
}

function memberOf(value: unknown, step: string | number): unknown {
  if (Array.isArray(value)) return value[Number(step)] as unknown;
  return isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
}

/** A copy with another value at the path; maps and lists on the way that are missing are made. */
export function withValueAt(root: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const changed = withValueAt(memberOf(root, step), rest, value);
  if (typeof step === 'number') {
    const items: unknown[] = Array.isArray(root) ? [...(root as unknown[])] : [];
    items[step] = changed;
    return items;
  }
  return { ...(isRecord(root) ? root : {}), [step]: changed };
}

/** A copy without one member of a record. */
export function withoutMember(root: unknown, path: Path, key: string): unknown {
  const { [key]: _removed, ...rest } = (valueAt(root, path) ?? {}) as Record<string, unknown>;
  return withValueAt(root, path, rest);
}

/** A copy with every string replaced. */
export function mapStrings(value: unknown, replace: (text: string, path: Path) => unknown, path: Path = []): unknown {
  if (typeof value === 'string') return replace(value, path);
  if (Array.isArray(value)) return value.map((item, at) => mapStrings(item, replace, [...path, at]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, mapStrings(member, replace, [...path, key])]),
  );
}
