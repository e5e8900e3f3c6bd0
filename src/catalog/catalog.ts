import { canonicalJson } from '../kernel/canonical-json.js';
import { type Clock } from '../kernel/clock.js';
import { AppError } from '../kernel/errors.js';
import { nearNames } from '../kernel/near-names.js';
import { type CatalogStore, type EntryFiles, type Removal } from './catalog-store.js';
import { BY_POOL, type CatalogEntry, type Declaration, type ModelState } from './entry.js';
import { ModelNames } from './model-names.js';
import { entryOfPool } from './pool-entry.js';

export interface CatalogPorts {
  readonly clock: Clock;
  readonly store: CatalogStore;
  readonly files: EntryFiles;
  /** Between the removal of an entry and that of its files. */
  readonly graceMs: number;
}

/** Members that the daemon finds out about a model. */
export type Findings = Partial<
  Pick<CatalogEntry, 'digest' | 'pinnedRef' | 'lastVerification' | 'warnings' | 'isQuarantined' | 'signatures'>
>;

/** The models that can be served. Reading it never waits; a change is on the disk before anybody sees it. */
export class Catalog {
  private readonly entries = new Map<string, CatalogEntry>();
  private names = new ModelNames([]);
  /** Changes happen one after another. */
  private lastTurn: Promise<unknown> = Promise.resolve();

  private constructor(private readonly ports: CatalogPorts) {}

  static async open(ports: CatalogPorts): Promise<Catalog> {
    const catalog = new Catalog(ports);
    catalog.show(await ports.store.load());
    return catalog;
  }

  /** Newest first. */
  get all(): readonly CatalogEntry[] {
    return [...this.entries.values()].sort(newestFirst);
  }

  get(id: string): CatalogEntry | undefined {
    return this.entries.get(id);
  }

  /** The entry that a model ref of any form leads to. */
  find(ref: string): CatalogEntry | undefined {
    return this.names.find(ref);
  }

  /** @throws AppError 404 with near names */
  require(id: string): CatalogEntry {
    const entry = this.entries.get(id);
    if (entry !== undefined) return entry;
    const near = nearNames(id.slice(0, 200), [...this.entries.keys()]);
    const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'GET /v1/catalog/models lists all';
    throw new AppError('NOT_FOUND', `the catalog has no model of this id; ${hint}`);
  }

  /**
   * Adds a model. An equal one stays as it is; one that a pool brought along takes over what is declared.
   * @throws AppError 409 when the id, or a name, belongs to another model
   */
  create(declaration: Declaration, addedBy: string, warnings: readonly string[]): Promise<CatalogEntry> {
    return this.inTurn(async () => {
      const known = this.entries.get(declaration.id);
      this.refuseTakenNames(declaration);
      if (known !== undefined && isSame(known, declaration)) return known;
      if (known !== undefined) refuseAnother(known, declaration);
      const { clock } = this.ports;
      const isKept = known?.digest === declaration.digest;
      const entry: CatalogEntry = {
        ...declaration,
        ...{ isSupplied: true, addedBy, warnings, isQuarantined: isKept && known?.isQuarantined === true },
        pinnedRef: known?.sourceUrl === declaration.sourceUrl ? known?.pinnedRef : undefined,
        state: known?.state ?? 'Active',
        createdMs: known?.createdMs ?? clock.epochMs(),
        lastVerification: isKept ? known?.lastVerification : undefined,
      };
      // The row decides whether there is an entry, so that its files come first.
      await this.ports.files.keep(entry);
      return this.put(entry);
    });
  }

  /**
   * The entries of all models that the pools of the configuration name. Those that pools of an earlier configuration
   * brought along go, unless an operator has retired them.
   */
  async adoptAll(refs: readonly string[]): Promise<void> {
    for (const entry of this.all) {
      const isStale =
        entry.addedBy === BY_POOL && entry.state === 'Active' && !refs.some((ref) => this.find(ref) === entry);
      if (isStale) await this.remove(entry.id, () => []);
    }
    for (const ref of refs) await this.adopt(ref);
  }

  /** The entry of a model that a pool names; it is made when there is none. Undefined: a digest that nobody knows. */
  async adopt(ref: string): Promise<CatalogEntry | undefined> {
    return this.find(ref) ?? this.inTurn(async () => this.find(ref) ?? this.add(ref));
  }

  /** @throws AppError 404 when the entry is gone */
  setState(id: string, state: ModelState): Promise<CatalogEntry> {
    return this.inTurn(() => this.put({ ...this.require(id), state }));
  }

  /** Writes down what was found out; of an entry that is gone by now, nothing. */
  async learn(id: string, findings: Findings): Promise<void> {
    await this.inTurn(async () => {
      const entry = this.entries.get(id);
      if (entry !== undefined) await this.put({ ...entry, ...findings });
    });
  }

  /**
   * Removes the row; its files follow later. `usersOf` is asked in the same turn.
   * @throws AppError 404; 409 while somebody serves it
   */
  remove(id: string, usersOf: (entry: CatalogEntry) => readonly string[]): Promise<void> {
    return this.inTurn(async () => {
      const entry = this.require(id);
      const users = usersOf(entry);
      if (users.length > 0) throw inUse(id, users);
      const { clock, store, graceMs } = this.ports;
      const removal: Removal = { id, digest: entry.digest, dueMs: clock.epochMs() + graceMs };
      await store.remove(removal);
      this.entries.delete(id);
      this.names = new ModelNames(this.entries.values());
    });
  }

  private async add(ref: string): Promise<CatalogEntry | undefined> {
    const entry = entryOfPool(ref, this.ports.clock.epochMs(), (id) => this.names.named(id) !== undefined);
    return entry === undefined ? undefined : this.put(entry);
  }

  private async put(entry: CatalogEntry): Promise<CatalogEntry> {
    await this.ports.store.put([entry]);
    this.show([entry]);
    return entry;
  }

  private show(entries: readonly CatalogEntry[]): void {
    for (const entry of entries) this.entries.set(entry.id, entry);
    this.names = new ModelNames(this.entries.values());
  }

  private refuseTakenNames({ id, aliases }: Declaration): void {
    for (const name of [id, ...aliases]) {
      const owner = this.names.named(name);
      if (owner === undefined || owner.id === id) continue;
      throw new AppError('CONFLICT', `the name ${name} belongs to model ${owner.id}; choose another one`);
    }
  }

  private inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    const turn = this.lastTurn.then(run);
    this.lastTurn = turn.catch(() => {});
    return turn;
  }
}

function newestFirst(a: CatalogEntry, b: CatalogEntry): number {
  return b.createdMs - a.createdMs || (a.id < b.id ? 1 : -1);
}

/** What was declared, whatever has been found out since. */
function isSame(known: CatalogEntry, declaration: Declaration): boolean {
  return known.isSupplied && DECLARED.every((member) => isEqual(member, known, declaration));
}

const DECLARED = [
  ...(['digest', 'sourceUrl', 'version', 'aliases', 'tags', 'manifests', 'signatures', 'sbom'] as const),
  ...(['trustPolicy', 'signed'] as const),
];

function isEqual(member: (typeof DECLARED)[number], known: CatalogEntry, { [member]: declared }: Declaration): boolean {
  const { [member]: value } = known;
  return canonicalJson(comparable(value)) === canonicalJson(comparable(declared));
}

/** Whether a signature is good is found out, not declared. */
function comparable(value: unknown): unknown {
  if (!Array.isArray(value)) return value ?? null;
  return value.map((item: unknown) =>
    typeof item === 'object' && item !== null && 'verified' in item ? { ...item, verified: false } : item,
  );
}

/** @throws AppError unless the declaration may take the place of what is known */
function refuseAnother(known: CatalogEntry, declaration: Declaration): void {
  if (known.digest !== undefined && known.digest !== declaration.digest)
    throw new AppError(
      'CONFLICT',
      `model ${known.id} is there with another digest; choose another id, or remove it first`,
    );
  if (known.addedBy === BY_POOL) return;
  const other = DECLARED.filter((member) => !isEqual(member, known, declaration)).map(
    (member) => WIRE[member] ?? member,
  );
  throw new AppError(
    'CONFLICT',
    `model ${known.id} is there with another ${other.join(', ')}; send it as it is, or remove it first`,
  );
}

const WIRE: Readonly<Partial<Record<(typeof DECLARED)[number], string>>> = {
  sourceUrl: 'source_url',
  trustPolicy: 'trust_policy',
};

function inUse(id: string, users: readonly string[]): AppError {
  const hint = 'retire it, and remove it when its pools have stopped';
  return new AppError(
    'CONFLICT',
    `model ${id} is served by ${users.map((user) => `pool ${user}`).join(', ')}; ${hint}`,
  );
}
