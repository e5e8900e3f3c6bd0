import { type CatalogEntry } from './entry.js';
import { parseModelRef } from './refs/model-ref.js';

/** Under which refs entries are found. Of several entries of one digest or source the active one counts, then the oldest. */
export class ModelNames {
  private readonly ids = new Map<string, CatalogEntry>();
  private readonly aliases = new Map<string, CatalogEntry>();
  private readonly digests = new Map<string, CatalogEntry>();
  private readonly sources = new Map<string, CatalogEntry>();

  constructor(entries: Iterable<CatalogEntry>) {
    const all = [...entries];
    for (const entry of [...all.filter(isActive), ...all.filter((one) => !isActive(one))]) this.add(entry);
  }

  /** In the order of the forms: id, alias, digest, then any other ref as the source of an entry. */
  find(ref: string): CatalogEntry | undefined {
    const named = this.ids.get(ref) ?? this.aliases.get(ref) ?? this.sources.get(ref);
    if (named !== undefined) return named;
    const parsed = parseModelRef(ref);
    if (parsed.type === 'digest') return this.digests.get(parsed.digest);
    return parsed.type === 'file' ? this.sources.get(`file:${parsed.path}`) : undefined;
  }

  /** The entry whose id or alias this is. */
  named(name: string): CatalogEntry | undefined {
    return this.ids.get(name) ?? this.aliases.get(name);
  }

  private add(entry: CatalogEntry): void {
    this.ids.set(entry.id, entry);
    for (const alias of entry.aliases) this.aliases.set(alias, entry);
    if (entry.digest !== undefined && !this.digests.has(entry.digest)) this.digests.set(entry.digest, entry);
    for (const ref of [entry.sourceUrl, entry.pinnedRef])
      if (ref !== undefined && !this.sources.has(ref)) this.sources.set(ref, entry);
  }
}

/** Every name that a task may use for the model. */
export function namesOfEntry({ id, aliases, digest, sourceUrl, pinnedRef }: CatalogEntry): readonly string[] {
  return [id, ...aliases, ...[digest, sourceUrl, pinnedRef].flatMap((name) => name ?? [])];
}

function isActive({ state }: CatalogEntry): boolean {
  return state === 'Active';
}
