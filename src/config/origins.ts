import { type ConfigDocument } from './document.js';
import { isRecord, pathText, valueAt, type Path } from './path.js';

/** Where one value comes from. */
export type Origin =
  | { readonly type: 'flag'; readonly name: string }
  | { readonly type: 'env'; readonly name: string }
  | {
      readonly type: 'file';
      readonly file: string;
      readonly line: number;
      /** The text as it stands in the file, when it names environment variables. */
      readonly written?: string;
    }
  | { readonly type: 'default' };

/** The origin of each value, by its path, such as `pools[0].queue.capacity`. */
export type Origins = Readonly<Record<string, Origin>>;

/** A value that is set from outside the file. */
export interface Override {
  readonly path: Path;
  readonly value: unknown;
  readonly origin: Exclude<Origin, { type: 'file' }>;
}

/** The override that decides about a path, if any; later ones win. */
export function overrideOf(overrides: readonly Override[], path: Path): Override | undefined {
  return overrides.findLast((override) => override.path.every((step, at) => path[at] === step));
}

/** Tells for every value of a checked configuration who set it. */
export function originsOf(config: unknown, overrides: readonly Override[], document?: ConfigDocument): Origins {
  return Object.fromEntries(leaves(config).map((path) => [pathText(path), originOf(path, overrides, document)]));
}

function originOf(path: Path, overrides: readonly Override[], document?: ConfigDocument): Origin {
  const override = overrideOf(overrides, path);
  if (override !== undefined) return override.origin;
  const written = document === undefined ? undefined : valueAt(document.data, path);
  if (document === undefined || written === undefined) return { type: 'default' };
  const { file, line } = document.positionOf(path);
  const names = typeof written === 'string' && written.includes('${env:');
  return { type: 'file', file, line, ...(names ? { written } : {}) };
}

/** Paths of scalars, and of lists and maps that are empty. */
function leaves(value: unknown, path: Path = []): Path[] {
  const members = Array.isArray(value)
    ? value.map((item, at): [string | number, unknown] => [at, item])
    : isRecord(value)
      ? Object.entries(value)
      : [];
  return members.length === 0 ? [path] : members.flatMap(([step, member]) => leaves(member, [...path, step]));
}
